"""The model card for people, from the figures: ``python -m model_export.card [FILE.json …] [--time]``.

Renders cards again; ``--time`` first measures, in turns, what a face costs with each of their models on this machine.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from string import Template
from typing import Any

from classifier_service.classifier import MODELS
from model_export.choose import HALVINGS
from model_export.evaluate import BINS, time_in_turns
from moodstream.hardware import hardware

TEMPLATE = Path(__file__).parent / "card.md"


def write_card(card: dict[str, Any], file: Path) -> None:
    """Write ``.json`` and ``.md`` beside a model file."""
    file.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    file.with_suffix(".md").write_text(render(card))


def render(card: dict[str, Any]) -> str:
    """The card's text."""
    low, high = card["accuracy_interval"]
    crowd_low, crowd_high = card["accuracy_ferplus_interval"]
    single, mirror = card["without_twins"], card["mean_with_mirror_image"]
    return Template(TEMPLATE.read_text()).substitute(
        model=card["model"],
        millions=f"{card['parameters'] / 1e6:.2f}",
        megabytes=f"{card['bytes'] / 1e6:.1f}",
        arithmetic=card["arithmetic"],
        pictures=card["pictures"],
        accuracy=_percent(card["accuracy"]),
        low=_percent(low),
        high=_percent(high),
        ferplus=_percent(card["accuracy_ferplus"]),
        crowd_low=_percent(crowd_low),
        crowd_high=_percent(crowd_high),
        single_pictures=single["pictures"],
        single=_percent(single["accuracy"]),
        single_ferplus=_percent(single["accuracy_ferplus"]),
        agreed=_percent(card["labels_as_plurality"]),
        bins=BINS,
        halvings=HALVINGS,
        answers_on_labels=_percent(card["answers_on_labels"]),
        mirror=_percent(mirror["accuracy"]),
        mirror_ferplus=_percent(mirror["accuracy_ferplus"]),
        balanced=_percent(card["balanced_accuracy"]),
        balanced_ferplus=_percent(card["ferplus"]["balanced_accuracy"]),
        error=_percent(card["calibration_error_cross_fitted"]),
        ms=card["ms_a_face_one_core_batch_16"],
        hardware=card["hardware"],
        mix=card["mix"],
        temperature=card["temperature"],
        unsure_below=f"{card['unsure_below']:.2f}",
        classes="\n".join(_class(card, name) for name in card["recall"]),
        points="\n".join(_point(row) for row in card["coverage"]),
        conditions="\n".join(_condition(name, row) for name, rows in card["by"].items() for row in rows),
        training=_training(card["recipe"]),
        few_shot=_few_shot(card.get("few_shot")),
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _class(card: dict[str, Any], name: str) -> str:
    crowd = card["ferplus"]
    cells = (card["recall"], card["precision"], crowd["recall"], crowd["precision"])
    return f"| {name} | " + " | ".join(f"{cell[name]:.0%}" for cell in cells) + " |"


def _point(row: dict[str, Any]) -> str:
    cells = (row["coverage"], row["accuracy_ferplus"], row["left_out_ferplus"])
    return f"| {row['threshold']:.2f} | " + " | ".join(map(_percent, cells)) + " |"


def _condition(name: str, row: dict[str, Any]) -> str:
    span = f"{row['side']} pixels" if "side" in row else f"{row['from']:g} to {row['to']:g}"
    return f"| {name} | {span} | {_percent(row['accuracy'])} | {_percent(row['accuracy_ferplus'])} |"


def _training(recipe: dict[str, Any]) -> str:
    runs = recipe["name"].split("+")
    parts = [f"{recipe['epochs_done']} epochs" if len(runs) == 1 else f"mean of the runs {_list(runs)}"]
    if recipe["teachers"]:
        parts.append(f"taught by {_list(recipe['teachers'].split(','))}")
    if recipe.get("dim"):
        parts.append(f"{recipe['dim']:.0%} of the last run's views dark and noisy")
    parts.append(f"{recipe['minutes']:.0f} minutes of a core{' with its teachers' if recipe['teachers'] else ''}")
    return ", ".join(parts)


def _list(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _few_shot(found: dict[str, Any] | None) -> str:
    if found is None:
        return "Not measured for this file yet: `python -m model_export.few_shot`."
    lines = ["| case | shots | measure | before | gain, mean over draws (95 % of the draws) |", "|---|---|---|---|---|"]
    for row in found["rows"]:
        low, high = row["spread"]
        spread = f"{row['gain'] * 100:+.1f} ({low * 100:+.1f} to {high * 100:+.1f})"
        lines.append(f"| {row['case']} | {row['shots']} | {row['measure']} | {_percent(row['before'])} | {spread} |")
    return "\n".join(lines)


def time_again(cards: list[Path]) -> None:
    """Put into the figures what a face costs with each model, and on which processor."""
    times = time_in_turns({str(card): card.with_suffix(".onnx") for card in cards})
    for card in cards:
        found = json.loads(card.read_text())
        write_card({**found, "ms_a_face_one_core_batch_16": times[str(card)], "hardware": hardware()}, card)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m model_export.card", description=__doc__)
    parser.add_argument("cards", type=Path, nargs="*", metavar="FILE.json", default=[MODELS / "default.json"])
    parser.add_argument("--time", action="store_true", help="measure first what a face costs")
    chosen = parser.parse_args()
    if chosen.time:
        time_again(chosen.cards)
    for file in chosen.cards:
        file.with_suffix(".md").write_text(render(json.loads(file.read_text())))
