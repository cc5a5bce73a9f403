"""The model's card, as it is shipped beside the model: figures, plots and the whole text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd
from pandas.io.formats.style import Styler

from moodstream.palette import COLOURS
from moodstream.types import EXPRESSIONS

#: Cards lie beside their models; data of another folder, not code.
_CARDS = Path(__file__).parents[2] / "classifier_service" / "models"
_TITLE = "## How sure the model is"
_NO_CARD = "This server carries no card of its model. Ask its operator, or look into the project's repository."
_SHARE = ".0%"


def build(model: str) -> None:
    """Place the card of ``model`` (a name, or a path to its ONNX file) in the block that is open."""
    place = Path(model).with_suffix("") if model.endswith(".onnx") else _CARDS / model
    try:
        card = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        gr.Markdown(f"{_TITLE}\n\n{_NO_CARD}", elem_id="about-card")
        return
    gr.Markdown(f"{_TITLE}\n\n{summary(card)}", elem_id="about-card")
    with gr.Row():
        for title, figure in (("How many of each it finds", "recall"), ("How often each word is right", "precision")):
            with gr.Column(min_width=300):
                gr.BarPlot(
                    by_word(card["ferplus"][figure]),
                    x="expression",
                    y="share",
                    color="expression",
                    color_map=COLOURS,
                    title=title,
                    x_title=" ",
                    y_title=" ",
                    y_axis_format=_SHARE,
                    y_lim=[0, 1],
                    x_label_angle=-45,
                    sort=list(EXPRESSIONS),
                    height=300,
                    colors_in_legend=[],
                    buttons=["fullscreen"],
                    elem_id=f"about-{figure}",
                )
        with gr.Column(min_width=300):
            gr.LinePlot(
                by_doubt(card),
                x="least confidence",
                y="share",
                color="figure",
                color_map={"get a word": "#d08a2e", "word is right": "#0f9488"},
                title="Fewer words, fewer errors",
                x_title=f"unsure below (now {card['unsure_below']:.2f})",
                y_title=" ",
                color_title=" ",
                y_axis_format=_SHARE,
                y_lim=[0, 1],
                height=300,
                buttons=["fullscreen"],
                elem_id="about-doubt",
            )
    gr.Dataframe(
        mixed_up(card),
        label="What it takes for what: of the pictures that most people call as the row says, the share that it calls "
        "each word",
        interactive=False,
        elem_id="about-mixed-up",
    )
    text = place.with_suffix(".md")
    if text.exists():
        with gr.Accordion("The whole card", open=False):
            gr.Markdown(text.read_text(encoding="utf-8"))


def summary(card: Mapping[str, Any]) -> str:
    """The card's main figures in a few sentences."""
    low, high = card["accuracy_ferplus_interval"]
    recall: Mapping[str, float] = card["ferplus"]["recall"]
    weakest = sorted(recall, key=recall.__getitem__)[:2]
    best = max(recall, key=recall.__getitem__)
    return (
        f"On pictures that it was not trained on, its best word is the one that most of ten people chose in "
        f"**{card['accuracy_ferplus']:.1%}** (95 % interval {low:.1%} to {high:.1%}), where they have a word that most "
        f"chose: people disagree about such pictures, too. "
        f"It is best at *{best}* ({recall[best]:.0%} found) and weakest at *{weakest[0]}* and *{weakest[1]}* "
        f"({recall[weakest[0]]:.0%} and {recall[weakest[1]]:.0%} found). "
        "Where it says 70\u00a0%, about 70 of 100 people would use the word; it is off by "
        f"{card['calibration_error_cross_fitted']:.1%} on average. Those are photographs from the web: expect less "
        "from dark, small, turned or covered faces. Nothing is known about differences between ages, sexes or skin "
        "colours, because the pictures do not tell them."
    )


def by_word(shares: Mapping[str, float]) -> pd.DataFrame:
    """A share for every expression, in long form."""
    return pd.DataFrame([{"expression": name, "share": shares[name]} for name in EXPRESSIONS])


def by_doubt(card: Mapping[str, Any]) -> pd.DataFrame:
    """Share of faces that get a word, and how many of those words are right, by threshold."""
    figures = (("get a word", "coverage"), ("word is right", "accuracy_ferplus"))
    return pd.DataFrame(
        [
            {"least confidence": row["threshold"], "figure": figure, "share": row[key]}
            for figure, key in figures
            for row in card["coverage"]
        ]
    )


def mixed_up(card: Mapping[str, Any]) -> Styler:
    """The confusion matrix as shares of its rows, the larger the deeper in colour."""
    shares = [[count / max(1, sum(counts)) for count in counts] for counts in card["ferplus"]["confusion"]]
    columns = [name.capitalize() for name in EXPRESSIONS]
    table = pd.DataFrame(shares, columns=columns)
    table.insert(0, "Called", list(EXPRESSIONS))
    return table.style.format("{:.0%}", subset=columns).map(
        lambda share: f"background-color: rgba(20, 160, 146, {0.65 * share:.2f})", subset=columns
    )
