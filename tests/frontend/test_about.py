from __future__ import annotations

import gradio as gr
import pytest

from frontend import about
from frontend.about import card
from moodstream.palette import legend
from moodstream.settings import Settings
from moodstream.types import EXPRESSIONS

CARD = {
    "unsure_below": 0.4,
    "accuracy_ferplus": 0.75,
    "accuracy_ferplus_interval": [0.7, 0.8],
    "calibration_error_cross_fitted": 0.02,
    "ferplus": {
        "recall": dict.fromkeys(EXPRESSIONS, 0.5) | {"happy": 0.9, "fear": 0.1, "disgust": 0.2},
        "precision": dict.fromkeys(EXPRESSIONS, 0.6),
        "confusion": [[3 if row == column else 1 for column in range(7)] for row in range(7)],
    },
    "coverage": [{"threshold": 0.2, "coverage": 1.0, "accuracy_ferplus": 0.75}],
}


def test_the_summary_quotes_the_card() -> None:
    said = card.summary(CARD)
    assert "**75.0%** (95 % interval 70.0% to 80.0%)" in said
    assert "best at *happy* (90% found) and weakest at *fear* and *disgust* (10% and 20% found)" in said


def test_plots_and_table_hold_the_cards_numbers() -> None:
    assert list(card.by_word(CARD["ferplus"]["recall"])["share"]) == [0.5, 0.2, 0.1, 0.9, 0.5, 0.5, 0.5]  # type: ignore[arg-type]
    assert {tuple(row) for row in card.by_doubt(CARD).itertuples(index=False)} == {
        (0.2, "get a word", 1.0),
        (0.2, "word is right", 0.75),
    }
    table = card.mixed_up(CARD)
    assert table.data.iloc[2].tolist() == ["fear", *(1 / 9 if name != "fear" else 3 / 9 for name in EXPRESSIONS)]


async def test_every_word_is_told_and_the_shipped_card_can_be_shown() -> None:
    for word in about._words():
        assert word["shows"]
        assert word["not"]
    assert len(about._words()) == len(legend())
    assert len({about._notice(language) for language in about._LANGUAGES}) == 4
    with gr.Blocks(analytics_enabled=False):
        about.build(Settings())  # type: ignore[call-arg]


@pytest.mark.parametrize("model", ["no such model", "/nowhere/model.onnx"])
async def test_a_server_without_the_card_says_so(model: str) -> None:
    with gr.Blocks(analytics_enabled=False) as blocks:
        card.build(model)
    (only,) = blocks.blocks.values()
    assert "carries no card" in only.value  # type: ignore[attr-defined]
