"""Labels that do not flicker: probabilities averaged over time, and a label that changes only for a reason."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass

from moodstream.types import UNSURE

#: Time constant in seconds of the average that is shown. This and what follows were chosen with bench/calm.py on
#: training pictures.
DEFAULT_S = 1.0
#: Time constant of a quick average, which tells a change from noise: once it is away from the one shown by more than
#: this, the face has changed, and the one shown follows as quickly for a while.
QUICK_S, _AWAY, _FOLLOWS_S = 0.15, 0.2, 0.4
#: By how much another label's probability must be ahead before the label changes, unless the face has just changed:
#: its new label then need not wait for what the average still lacks.
MARGIN = 0.05
#: Each time that a label gives way to the one before it, both this margin and what counts as away grow by so much, and
#: shrink again with this time constant: a face between two labels comes to rest, one that truly changes is not held.
_RESTLESS, _RESTS_S, _MOST_RESTLESS = 0.05, 20.0, 6.0


@dataclass(frozen=True, slots=True)
class Smoothed:
    """``probabilities`` in the order of ``names``, the ``label`` decided on them, and when (seconds).

    ``quick`` is the quick average, None while it is the same, and ``changed_s`` when the face last changed. ``former``
    is the label before this one, and ``restless`` how often the two took turns of late.
    """

    names: tuple[str, ...]
    probabilities: tuple[float, ...]
    label: str
    at_s: float
    quick: tuple[float, ...] | None = None
    changed_s: float = float("-inf")
    former: str | None = None
    restless: float = 0.0


class Smoother:
    """An average for each seat, slow while a face stays as it is, with the label held until another is clearly ahead.

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
            state = self._next(before, raw, unsure_below, now_s)
        self._states[seat] = state
        return state

    def _next(self, before: Smoothed, raw: tuple[float, ...], unsure_below: float, now_s: float) -> Smoothed:
        past_s, shown, changed_s = now_s - before.at_s, before.probabilities, before.changed_s
        quick_s = min(QUICK_S, self.time_constant_s)
        quick = _mixed(before.quick or shown, raw, past_s, quick_s)
        restless = before.restless * math.exp(-past_s / _RESTS_S)
        more = _RESTLESS * min(restless, _MOST_RESTLESS)
        if max(abs(a - b) for a, b in zip(quick, shown, strict=True)) > _AWAY + more:
            shown, changed_s, follows = quick, now_s, True
        else:
            follows = now_s - changed_s < _FOLLOWS_S
            shown = _mixed(shown, raw, past_s, quick_s if follows else self.time_constant_s)
        label = decide(before.names, shown, unsure_below, before.label, more if follows else MARGIN + more)
        former = before.former if label == before.label else before.label
        if label != before.label and label == before.former:
            restless += 1
        return Smoothed(before.names, shown, label, now_s, quick, changed_s, former, restless)

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


def _mixed(old: tuple[float, ...], new: tuple[float, ...], past_s: float, constant_s: float) -> tuple[float, ...]:
    """An exponential average's next value."""
    share = 1 - math.exp(-past_s / constant_s)
    return tuple(a + share * (b - a) for a, b in zip(old, new, strict=True))


def decide(
    names: tuple[str, ...],
    probabilities: tuple[float, ...],
    unsure_below: float,
    before: str | None = None,
    margin: float = MARGIN,
) -> str:
    """The label after the label ``before``; unsure whenever no probability that may be shown reaches the threshold.

    A label is never shown below the threshold. It gives way to unsure there, and to another label, or from unsure to
    any, only when that one is ahead by the ``margin``.
    """
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    if before is None:
        return names[best] if probabilities[best] >= unsure_below else UNSURE
    held = probabilities[names.index(before)] if before in names else 0.0
    # A threshold near 1 leaves no room for the whole margin.
    margin = min(margin, (1 - unsure_below) / 2)
    if probabilities[best] >= max(held, unsure_below) + margin:
        return names[best]
    return before if held >= unsure_below else UNSURE
