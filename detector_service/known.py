"""Which model the classifiers have, for answers that needed none of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from moodstream.types import FrameReading


class KnownModel:
    """The model of the last reply of a classifier; of none until there was one."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._unsure_below: float | None = None

    def heard(self, reply: dict[str, Any]) -> None:
        """Remember the model that a reply names."""
        self._name, self._unsure_below = reply["model"], reply["unsure_below"]

    def told(self, answer: FrameReading) -> FrameReading:
        """The answer, naming the model also if there was no face to show it or it came too late."""
        return answer if answer.model else replace(answer, model=self._name, unsure_below=self._unsure_below)
