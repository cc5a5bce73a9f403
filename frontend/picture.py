"""The picture tab: one picture goes to the detector, its readings come back drawn and as a table."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
from PIL import Image

from moodstream.annotate import HEADERS, annotate, rows
from moodstream.types import FrameReading

_TIMEOUT_S = 15.0
_EMPTY = "Faces show up here, numbered as in the table."


class NotReadError(Exception):
    """A picture got no readings; the message is a sentence for the reader."""


def build(detector_address: str) -> None:
    """Place the tab's components in the block that is open."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=280):
            source = gr.Image(
                label="Your picture",
                type="filepath",
                image_mode=None,
                sources=["upload", "clipboard"],
                height=340,
                elem_id="picture-in",
            )
            # The file as it came: what is no picture is for the detector to say, in its own words.
            source.preprocess = lambda payload: None if payload is None else payload.path  # type: ignore[method-assign]
            gr.Markdown("JPEG, PNG or WebP. It is read once and deleted; nothing is kept.", elem_classes="hint")
        with gr.Column(scale=3, min_width=280):
            drawn = gr.Image(
                label="What was read",
                interactive=False,
                format="png",
                height=340,
                buttons=["download", "fullscreen"],
                elem_id="picture-out",
            )
            words = gr.Markdown(_EMPTY, elem_id="picture-words")
    table = gr.Dataframe(
        headers=HEADERS,
        label="Readings",
        interactive=False,
        elem_id="picture-table",
        column_widths=["70px", "130px", "110px", *["95px"] * 7],
    )
    source.change(_reader(detector_address), source, [drawn, table, words], concurrency_limit=8)


def ask(detector_address: str, picture: bytes, content_type: str) -> FrameReading:
    """The detector's answer to one picture.

    Raises:
        NotReadError: there is none; with the detector's own sentence where it gave one.
    """
    try:
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
            url = f"{detector_address}/v1/frames"
            response = client.post(url, content=picture, headers={"Content-Type": content_type})
        answer = FrameReading.from_json(response.json())
    except httpx.HTTPError:
        raise NotReadError("The detector cannot be reached. Please try again in a moment.") from None
    except (ValueError, KeyError, TypeError):
        raise NotReadError(f"The detector gave an answer that cannot be read (HTTP {response.status_code}).") from None
    if answer.status != "ok":
        raise NotReadError(answer.error.message if answer.error else f"The detector answered: {answer.status}.")
    return answer


def _reader(detector_address: str) -> Callable[[str | None], tuple[Any, Any, str]]:
    def read(path: str | None) -> tuple[Any, Any, str]:
        if path is None:
            return None, None, _EMPTY
        kind, _ = mimetypes.guess_type(path, strict=False)
        try:
            answer = ask(detector_address, Path(path).read_bytes(), kind or "application/octet-stream")
        except NotReadError as error:
            return None, None, f"**Not read.** {error}"
        with Image.open(path) as picture:
            drawn = annotate(picture, answer)
        return drawn, rows(answer), _summary(answer)

    return read


def _summary(answer: FrameReading) -> str:
    count = len(answer.readings)
    faces = "No face was found." if count == 0 else f"{count} face{'s' if count > 1 else ''}."
    took = answer.timings_ms.get("total")
    return faces if took is None else f"{faces} Answered in {took:.0f} ms."
