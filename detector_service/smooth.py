"""Labels that do not flicker: probabilities averaged over time, and a label that changes only for a reason."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass

from moodstream.types import UNSURE

#: Time constant of the average in seconds; chosen with bench/calm.py on training pictures.
DEFAULT_S = 0.2
#: By how much another label's probability must be ahead before the label changes.
MARGIN = 0.05


@dataclass(frozen=True, slots=True)
class Smoothed:
    """``probabilities`` in the order of ``names``, the ``label`` decided on them, and when (seconds)."""

    names: tuple[str, ...]
    probabilities: tuple[float, ...]
    label: str
    at_s: float


class Smoother:
    """An exponential average for each seat, with the label held until another is clearly ahead.

    ``time_constant_s``: seconds in which the past fades to a third; 0 for neither average nor holding.
    """

    def __init__(self, time_constant_s: float = DEFAULT_S) -> None:
        self.time_constant_s = time_constant_s
        self._states: dict[int, Smoothed] = {}

    def smooth(
        self, seat: int, names: tuple[str, ...], raw: tuple[float, ...], unsure_below: float, now_s: float
    ) -> Smoothed:
        """A seat's next reading. Other names than before, as after a new adaptation, begin anew."""
        before = self._states.get(seat)
        if before is None or before.names != names or not self.time_constant_s:
            state = Smoothed(names, raw, decide(names, raw, unsure_below), now_s)
        else:
            new = 1 - math.exp(-(now_s - before.at_s) / self.time_constant_s)
            mixed = tuple(old + new * (now - old) for old, now in zip(before.probabilities, raw, strict=True))
            state = Smoothed(names, mixed, decide(names, mixed, unsure_below, before.label), now_s)
        self._states[seat] = state
        return state

    def resume(self, seat: int, state: Smoothed) -> None:
        """Go on from what another replica had."""
        self._states[seat] = state

    def label(self, seat: int) -> str:
        """The last label of a seat; unsure if it was never read."""
        state = self._states.get(seat)
        return UNSURE if state is None else state.label

    def keep(self, seats: Container[int]) -> None:
        """Forget all other seats."""
        self._states = {seat: state for seat, state in self._states.items() if seat in seats}


def decide(
    names: tuple[str, ...], probabilities: tuple[float, ...], unsure_below: float, before: str | None = None
) -> str:
    """The label after the label ``before``; unsure whenever no probability that may be shown reaches the threshold.

    A label is never shown below the threshold. It gives way to unsure there, and to another label, or from unsure to
    any, only when that one is ahead by the margin.
    """
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    if before is None:
        return names[best] if probabilities[best] >= unsure_below else UNSURE
    held = probabilities[names.index(before)] if before in names else 0.0
    # A threshold near 1 leaves no room for the whole margin.
    margin = min(MARGIN, (1 - unsure_below) / 2)
    if probabilities[best] >= max(held, unsure_below) + margin:
        return names[best]
    return before if held >= unsure_below else UNSURE
