"""A figure beside what is asked of it."""

from __future__ import annotations

Figures = dict[str, object]


def judged(value: float, floor: float, aim: float, **more: object) -> Figures:
    """A figure beside its floor and aim; for ratios over the bare the smaller is better, and floor > aim says so."""
    sign = 1 if aim > floor else -1
    met = "aim" if sign * (value - aim) >= 0 else "floor" if sign * (value - floor) >= 0 else "missed"
    return {"value": round(value, 3), "floor": floor, "aim": aim, "met": met, **more}
