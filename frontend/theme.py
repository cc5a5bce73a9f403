"""The look of the page: calm, one accent, fonts of the reader's own system (no other host is asked for any)."""

from __future__ import annotations

from typing import Any

import gradio as gr

_SANS = ("Inter", "ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_MONO = ("ui-monospace", "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", "monospace")


def theme() -> Any:
    """Deep teal on warm greys, in a light and a dark version."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_lg,
        font=_SANS,
        font_mono=_MONO,
    ).set(
        body_background_fill="#f5f7f8",
        body_background_fill_dark="#0d1218",
        body_text_color="#17212b",
        body_text_color_dark="#e6ebf0",
        body_text_color_subdued="#566573",
        body_text_color_subdued_dark="#94a3b3",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#141b23",
        background_fill_secondary="#eef2f4",
        background_fill_secondary_dark="#10161d",
        block_radius="14px",
        block_background_fill="#ffffff",
        block_background_fill_dark="#141b23",
        block_border_color="#dde4e8",
        block_border_color_dark="#25303b",
        border_color_primary="#dde4e8",
        border_color_primary_dark="#25303b",
        block_label_background_fill="#ffffff",
        block_label_background_fill_dark="#141b23",
        block_label_text_color="#566573",
        block_label_text_color_dark="#94a3b3",
        input_background_fill_dark="#10161d",
        table_even_background_fill_dark="#141b23",
        table_odd_background_fill_dark="#10161d",
        color_accent="#0f766e",
        button_border_width="1px",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_hover="#eef2f4",
        button_secondary_background_fill_dark="#141b23",
        button_secondary_background_fill_hover_dark="#1b242e",
        button_secondary_border_color="#dde4e8",
        button_secondary_border_color_dark="#25303b",
        button_secondary_text_color="#17212b",
        button_secondary_text_color_dark="#e6ebf0",
        button_small_radius="10px",
        button_primary_background_fill="#0f766e",
        button_primary_background_fill_hover="#0b5f58",
        button_primary_background_fill_dark="#2dd4bf",
        button_primary_background_fill_hover_dark="#5eead4",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#06201d",
    )
