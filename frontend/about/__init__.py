"""The About tab: what the words mean, how sure the model is, what is kept, where the law forbids it, what to say."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr

from frontend.about import card
from frontend.shelf import KEEP_S, SWEEP_EVERY_S
from moodstream.palette import legend
from moodstream.settings import Settings

_HERE = Path(__file__).parent
_MINUTES = (KEEP_S + 2 * SWEEP_EVERY_S) // 60
#: Languages of the text for the people on camera, and its files.
_LANGUAGES = {"English": "en", "Deutsch": "de", "Español": "es", "Français": "fr"}


def build(settings: Settings) -> None:
    """Place the tab's components in the block that is open."""
    gr.HTML(
        html_template=_text("words.html"),
        css_template=_text("words.css"),
        words=_words(),
        elem_id="about-words",
        padding=False,
    )
    card.build(settings.model)
    with gr.Row():
        with gr.Column(min_width=300):
            gr.Markdown(_text("kept.md").format(minutes=_MINUTES), elem_id="about-kept", container=True)
        with gr.Column(min_width=300):
            gr.Markdown(_text("law.md"), elem_id="about-law", container=True)
    with gr.Group(elem_id="about-notice"):
        language = gr.Radio(list(_LANGUAGES), value="English", label="Text for the people on camera")
        notice = gr.Textbox(
            _notice("English"),
            label="Read it out, post it in the call, or change it first",
            lines=9,
            max_lines=24,
            buttons=["copy"],
            interactive=True,
        )
        language.change(_notice, language, notice, show_progress="hidden")


def _words() -> list[dict[str, str]]:
    told = json.loads(_text("words.json"))
    return [{**word, **told[word["name"]]} for word in legend()]


def _notice(language: str) -> str:
    return _text(f"notice.{_LANGUAGES[language]}.txt").strip()


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
