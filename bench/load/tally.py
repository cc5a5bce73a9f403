"""What became of the frames of a load test."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Tally:
    """Counts of all streams of one step; ages in milliseconds, on the sender's clock."""

    sent: int = 0
    sent_again: int = 0
    skipped: int = 0
    unexpected: int = 0
    unanswered: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    breaks: Counter[str] = field(default_factory=Counter)
    ages_ms: list[float] = field(default_factory=list)
    faces: int = 0
    #: Longest time that any stream went without a good answer, its opening included.
    longest_silence_s: float = 0.0

    def answered(self, answer: dict[str, Any], age_ms: float) -> None:
        """One frame's answer came."""
        self.statuses[answer["status"]] += 1
        if answer.get("error"):
            self.codes[answer["error"]["code"]] += 1
        if answer["status"] == "ok":
            self.ages_ms.append(age_ms)
            self.faces += len(answer["faces"])

    def report(self, seconds: float) -> dict[str, Any]:
        """Everything as JSON; ages and faces are those of the answers with status ``ok``."""
        good = len(self.ages_ms)
        cuts = statistics.quantiles(self.ages_ms, n=100, method="inclusive") if good > 1 else []
        return {
            "sent": self.sent,
            "answers": dict(self.statuses),
            "errors": dict(self.codes),
            "unanswered": self.unanswered,
            "unexpected": self.unexpected,
            "skipped": self.skipped,
            "streams broken": self.breaks.total(),
            "why they broke": dict(self.breaks),
            "sent again": self.sent_again,
            "longest silence s": round(self.longest_silence_s, 2),
            "good answers a second": round(good / seconds, 1),
            "faces a frame": round(self.faces / good, 2) if good else None,
            "age ms": {name: round(cuts[i], 1) for name, i in (("p50", 49), ("p95", 94), ("p99", 98))} if cuts else {},
        }
