"""From a run to the shipped file: ``python -m model_export.export [--run NAME] [--name NAME] [--int8]``.

Chooses the mix of the two heads, the temperature and the threshold of `unsure` on validation, writes
``classifier_service/models/NAME.onnx`` with all three inside, checks it against PyTorch, and writes its card beside it.

With ``--int8`` an integer form is tried too, and shipped in place of the float one if it is as good (see MOST_LOST).
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from classifier_service.classifier import MODELS
from model_export.answers import answers_of
from model_export.architectures import lineage, load_net
from model_export.card import write_card
from model_export.choose import choose_mix, choose_threshold, cross_fitted_error, fit_temperature, softmax, try_mixes
from model_export.data import Split, data_folder, fit_for_training, plurality, runs_folder, vote_shares
from model_export.embedding import Scaling, fit_scaling
from model_export.evaluate import Read, figures, score
from model_export.graph import Shipped, check_parity, set_temperature, sign, write_graph
from model_export.net import TwoHeads
from model_export.quantize import MOST_OF_A_WEIGHT, exact_session, largest_weight, quantize

log = logging.getLogger(__name__)

#: Training pictures from which the embedding's scaling is fitted.
SCALING_PICTURES = 8000
#: The integer form ships if it loses at most so much accuracy on either label set, and if its calibration error is at
#: most so much larger. Accuracy is that of this processor, and of exact arithmetic, as processors
#: with VNNI have it; others do not overflow with such small weights.
MOST_LOST, MOST_MISCALIBRATED = 0.002, 0.002

#: What architectures are called in a model's name.
KINDS = {"ours": "residual", "cnn": "cnn", "mobilenet_v2": "mobilenet-v2"}

Floats = npt.NDArray[np.float32]


def embedding_of(net: TwoHeads, train: Split) -> Scaling:
    """The scaling of the net's embedding, from training pictures."""
    chosen = np.flatnonzero(fit_for_training(train))
    sample = train.take(np.random.default_rng(0).permutation(chosen)[:SCALING_PICTURES])
    labels = plurality(sample) if sample.votes is not None else sample.labels
    return fit_scaling(answers_of(net, sample.images)[2], labels)


def export(run: str, name: str, int8: bool = False, folder: Path = MODELS) -> Path:
    """Write file and card of a run under a name; the file."""
    torch.set_num_threads(1)
    validation, train = (Split.load(data_folder() / f"{part}.npz") for part in ("validation", "train"))
    net, recipe = load_net(run)
    label, votes, _ = answers_of(net, validation.images)
    mixes = try_mixes(label, votes, validation)
    net.mix.fill_(choose_mix(mixes))
    shipped = Shipped(net, embedding_of(net, train), temperature=1.0)
    parameters = sum(p.numel() for p in net.parameters())
    kind = f"moodstream-{KINDS[recipe['architecture']]}-{parameters / 1e6:.1f}m"

    file = folder / f"{name}.onnx"
    write_graph(shipped, file)
    own = finish(file, kind, validation)
    shipped.temperature.fill_(own["temperature"])
    card = {
        **figures(file, validation, train),
        **own,
        "parameters": parameters,
        "mix": round(float(net.mix), 2),
        "mixes": mixes,
        "parity": check_parity(shipped, file, validation.images),
        "arithmetic": "float32",
        "recipe": recipe,
    }
    if int8:
        card = try_int8(file, kind, card, validation, train)
    write_card(card, file)
    write_logs(run, file.with_suffix(".jsonl"))
    log.info("%s: %.4f on labels, %.4f on FER+", file, card["accuracy"], card["accuracy_ferplus"] or float("nan"))
    return file


def write_logs(run: str, file: Path) -> None:
    """Keep the logs of the runs behind a model, teachers first: a line an epoch, with the run's name."""
    logs = {name: runs_folder() / name / "log.jsonl" for name in lineage(run)}
    with file.open("w") as kept:
        for name, lines in logs.items():
            for line in lines.read_text().splitlines() if lines.is_file() else []:
                kept.write(json.dumps({"run": name, **json.loads(line)}) + "\n")


def finish(file: Path, kind: str, validation: Split) -> dict[str, Any]:
    """Fit temperature and threshold of a written graph whose temperature is 1, and put them in; what was found."""
    logits = outputs(file, validation.images, "embedding")[0][:, :7]
    shares, voted = vote_shares(validation)
    temperature = fit_temperature(logits[voted], shares[voted])
    unsure_below = choose_threshold(softmax(logits, temperature), plurality(validation))
    set_temperature(file, temperature)
    sign(file, kind, {"temperature": str(temperature), "unsure_below": str(unsure_below)})
    error = cross_fitted_error(logits[voted], shares[voted])
    return {"temperature": temperature, "calibration_error_cross_fitted": round(error, 4)}


def outputs(file: Path, images: npt.NDArray[np.uint8], *names: str) -> list[Floats]:
    """A file's outputs, each float32 (n, …), by the plainest of ONNX Runtime's kernels."""
    session = exact_session(file)
    parts = [session.run(list(names), {"crops": images[i : i + 256]}) for i in range(0, len(images), 256)]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def try_int8(file: Path, kind: str, card: dict[str, Any], validation: Split, train: Split) -> dict[str, Any]:
    """Make the integer form of a float file, and let it take its place if it is as good; the card of what ships."""
    small, plain = file.with_name(f"{file.stem}-int8.onnx"), file.with_name(f"{file.stem}-float32.onnx")
    set_temperature(file, 1.0)
    quantize(file, small, train.images[fit_for_training(train)])
    set_temperature(file, card["temperature"])
    own = finish(small, f"{kind}-int8", validation)
    if (widest := largest_weight(small)) > MOST_OF_A_WEIGHT:
        raise SystemExit(f"{small}: a weight is {widest}; processors without VNNI overflow beyond {MOST_OF_A_WEIGHT}")
    found = figures(small, validation, train)
    exact = score(Read(*outputs(small, validation.images, "probabilities", "label_probabilities")), validation)
    with_vnni = {key: exact[key] for key in ("accuracy", "accuracy_ferplus")}
    measures = [m for m in ("accuracy", "accuracy_ferplus") if card[m] is not None]
    lost = max(card[m] - other[m] for m in measures for other in (found, with_vnni))
    worse = own["calibration_error_cross_fitted"] - card["calibration_error_cross_fitted"]
    good = lost <= MOST_LOST and worse <= MOST_MISCALIBRATED
    tried = {
        "ships": good,
        "lost": round(lost, 4),
        "calibration_error_cross_fitted": own["calibration_error_cross_fitted"],
        "accuracy": found["accuracy"],
        "accuracy_ferplus": found["accuracy_ferplus"],
        "with_vnni": with_vnni,
        "bytes": found["bytes"],
    }
    log.info("int8 %s: %s", "ships" if good else "stays behind", json.dumps(tried))
    if not good:
        small.unlink()
        for other in (plain, plain.with_suffix(".json"), plain.with_suffix(".md")):
            other.unlink(missing_ok=True)  # of an export before
        return {**card, "int8": tried}
    file.replace(plain)
    write_card({**card, "int8": tried}, plain)
    small.replace(file)
    return {**card, **found, **own, "arithmetic": "int8", "int8": tried}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(prog="python -m model_export.export", description=__doc__)
    parser.add_argument("--run", default="default")
    parser.add_argument("--name", default="default")
    parser.add_argument("--int8", action="store_true", help="try an integer form, and ship it if it is as good")
    chosen = parser.parse_args()
    export(chosen.run, chosen.name, chosen.int8)
