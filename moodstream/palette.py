"""One colour and one sign for each expression, the same in the live overlay, in pictures and in tables."""

from __future__ import annotations

from moodstream.types import EXPRESSIONS, UNSURE

#: After Okabe and Ito (2008), told apart with any kind of colour vision; the sign says it once more.
COLOURS = {
    "angry": "#e8702a",
    "disgust": "#14b389",
    "fear": "#d98cb8",
    "happy": "#f0e442",
    "sad": "#3d8fd6",
    "surprise": "#7fd0f5",
    "neutral": "#c9ced8",
    UNSURE: "#ffffff",
}
SIGNS = {
    "angry": "A",
    "disgust": "D",
    "fear": "F",
    "happy": "H",
    "sad": "S",
    "surprise": "!",
    "neutral": "N",
    UNSURE: "?",
}


def legend() -> list[dict[str, str]]:
    """What the scripts of the live page need to draw, in the order of the expressions."""
    return [{"name": n, "colour": COLOURS[n], "sign": SIGNS[n]} for n in (*EXPRESSIONS, UNSURE)]
