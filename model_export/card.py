"""The model card for people, from the figures: ``python -m model_export.card [FILE.json …] [--measure] [--time]``.

Renders cards again; ``--measure`` first evaluates their models anew, and ``--time`` measures, in turns, what a face
costs with each of them on this machine.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from string import Template
from typing import Any

from classifier_service.classifier import MODELS
from model_export.choose import HALVINGS
from model_export.evaluate import BINS, evaluate, time_in_turns
from moodstream.hardware import hardware

#: What a measurement on another machine would change.
TIMED = ("ms_a_face_one_core_batch_16", "hardware")
TEMPLATE = Path(__file__).parent / "card.md"


def write_card(card: dict[str, Any], file: Path) -> None:
    """Write ``.json`` and ``.md`` beside a model file."""
    file.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    file.with_suffix(".md").write_text(render(card))


def render(card: dict[str, Any]) -> str:
    """The card's text."""
    single, mirror = card["without_twins"], card["mean_with_mirror_image"]
    return Template(TEMPLATE.read_text()).substitute(
        model=card["model"],
        millions=f"{card['parameters'] / 1e6:.2f}",
        megabytes=f"{card['bytes'] / 1e6:.1f}",
        arithmetic=card["arithmetic"],
        pictures=card["pictures"],
        accuracy=_with_interval(card, "accuracy"),
        ferplus=_with_interval(card, "accuracy_ferplus"),
        single_pictures=single["pictures"],
        single=_percent(single["accuracy"]),
        single_ferplus=_percent(single["accuracy_ferplus"]),
        agreed=_percent(card["labels_as_plurality"]),
        bins=BINS,
        halvings=HALVINGS,
        answers_on_labels=_percent(card["answers_on_labels"]),
        mirror=_percent(mirror["accuracy"]),
        mirror_ferplus=_percent(mirror["accuracy_ferplus"]),
        balanced=_with_interval(card, "balanced_accuracy"),
        balanced_ferplus=_with_interval(card["ferplus"], "balanced_accuracy"),
        error=_percent(card["calibration_error_cross_fitted"]),
        error_here=_with_interval(card, "calibration_error"),
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


def _with_interval(found: dict[str, Any], name: str) -> str:
    low, high = found[f"{name}_interval"]
    return f"{_percent(found[name])} ({_percent(low)} to {_percent(high)})"


def _class(card: dict[str, Any], name: str) -> str:
    cells = []
    for found in (card, card["ferplus"]):
        for measure in ("recall", "precision"):
            low, high = found[f"{measure}_interval"][name]
            cells.append(f"{found[measure][name]:.0%} ({low * 100:.0f} to {high * 100:.0f})")
    return f"| {name} | " + " | ".join(cells) + " |"


def _point(row: dict[str, Any]) -> str:
    cells = (row["coverage"], row["accuracy_ferplus"], row["left_out_ferplus"])
    return f"| {row['threshold']:.2f} | " + " | ".join(map(_percent, cells)) + " |"


def _condition(name: str, row: dict[str, Any]) -> str:
    span = f"{row['side']} pixels" if "side" in row else f"{row['from']:g} to {row['to']:g}"
    return f"| {name} | {span} | {_percent(row['accuracy'])} | {_percent(row['accuracy_ferplus'])} |"


def _training(recipe: dict[str, Any]) -> str:
    runs = recipe["name"].split("+")
    parts = [f"{recipe['epochs_done']} epochs" if len(runs) == 1 else f"mean of the runs {_list(runs)}"]
    if recipe["start"]:
        parts[0] += f" on from {recipe['start']}"
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


def measure_again(cards: list[Path]) -> None:
    """Put into the figures what `evaluate` finds; what was chosen at the export stays, and so does the time."""
    for card in cards:
        before = json.loads(card.read_text())
        found = evaluate(card.with_suffix(".onnx"), None)
        write_card({**before, **found, **{name: before[name] for name in TIMED}}, card)


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
    parser.add_argument("--measure", action="store_true", help="evaluate the models anew first")
    chosen = parser.parse_args()
    if chosen.measure:
        measure_again(chosen.cards)
    if chosen.time:
        time_again(chosen.cards)
    for file in chosen.cards:
        file.with_suffix(".md").write_text(render(json.loads(file.read_text())))
