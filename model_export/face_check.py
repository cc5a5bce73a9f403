"""Teach a small net which crops show no face: ``python -m model_export.face_check --faceless FOLDER``.

A detector's score says how much a square looks like a face at first sight, and curtains, cells and cheetahs do. This
net sees the crop that the classifier would get, and has the second word. Faces are the training pictures of FER-2013,
framed a little wrong, turned, lit, blurred and covered; what is no face is cut from the pictures of a folder
(``python -m bench.faceless --write FOLDER`` makes ``FOLDER/chosen on`` and ``FOLDER/held out``), and from too near, too
far and beside the faces. Each epoch makes new crops, and adds those of many that the net takes most for faces.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_export.data import NOT_A_FACE, Split, data_folder, fit_for_training
from model_export.face_crops import Crops, Maker
from model_export.graph import write_onnx
from moodstream.types import CROP_SIDE

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]

EPOCHS = 14
BATCH = 256
RATE = 0.003
#: Crops of each kind in an epoch; new ones are made for each.
FACES, EMPTY = 24_000, 32_000
#: Squares that are tried, and of these the ones that look most like a face and are taught, in each epoch but the first.
TRIED, HARDEST = 40_000, 10_000
#: Crops of each kind, or a few times as many, that a line of the log tells of.
TOLD = 4_000
CHANNELS = (16, 32, 64)


class FaceCheck(nn.Module):
    """uint8 crops (n, 1, 48, 48) to the log-odds that each shows a face, float32 (n, 1)."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c = CHANNELS
        layers: list[nn.Module] = []
        for inputs, outputs, side, stride in ((1, a, 5, 2), (a, b, 3, 2), (b, b, 3, 1), (b, c, 3, 2), (c, c, 3, 1)):
            layers += [
                nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(c, 1))

    def forward(self, crops: Tensor) -> Tensor:
        """Light and contrast of the whole crop say nothing, so they are taken out first."""
        x = crops.float()
        x = x - x.mean((2, 3), keepdim=True)
        deviation = (x * x).mean((2, 3), keepdim=True).sqrt()
        return self.layers(x / (deviation + 8.0))  # type: ignore[no-any-return]


@torch.inference_mode()
def odds(net: FaceCheck, crops: Crops) -> Floats:
    """Log-odds float32 (n,) of uint8 crops (n, 48, 48)."""
    net.eval()
    parts = [net(torch.from_numpy(crops[i : i + 1024]).unsqueeze(1))[:, 0].numpy() for i in range(0, len(crops), 1024)]
    return np.concatenate(parts)


def examples(maker: Maker, net: FaceCheck | None) -> tuple[Crops, Floats]:
    """The crops of an epoch, uint8 (n, 48, 48), and which are faces, float32 (n,)."""
    made = [maker.seen(maker.face()) for _ in range(FACES)]
    empty = [maker.seen(maker.part() if i % 5 == 0 else maker.square()) for i in range(EMPTY)]
    if net is not None:
        tried = np.stack([maker.seen(maker.square()) for _ in range(TRIED)])
        empty += list(tried[np.argsort(odds(net, tried))[-HARDEST:]])
    return np.stack(made + empty), np.r_[np.ones(len(made)), np.zeros(len(empty))].astype(np.float32)


def batches(crops: Crops, faces: Floats, random: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    order = random.permutation(len(crops))
    for start in range(0, len(order) - BATCH + 1, BATCH):
        chosen = order[start : start + BATCH]
        yield torch.from_numpy(crops[chosen]).unsqueeze(1), torch.from_numpy(faces[chosen])


def read_folder(folder: Path) -> list[Crops]:
    """All pictures of a folder, gray.

    Raises:
        SystemExit: there is none.
    """
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    read = [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files]
    found = [np.asarray(picture, np.uint8) for picture in read if picture is not None]
    if not found:
        raise SystemExit(
            f"{folder} holds no picture that can be read: `python -m bench.faceless --write FOLDER` makes such"
        )
    return found


def told(net: FaceCheck, validation: Crops, maker: Maker, held_out: Maker | None) -> dict[str, float]:
    """The part of faces lost, and of other squares kept, where the odds are even."""
    shares = {
        "faces lost": float((odds(net, validation) < 0).mean()),
        "squares kept": float((odds(net, np.stack([maker.square() for _ in range(2 * TOLD)])) > 0).mean()),
        "wrong frames kept": float((odds(net, np.stack([maker.part() for _ in range(TOLD)])) > 0).mean()),
    }
    if held_out is not None:
        shares["held-out squares kept"] = float(
            (odds(net, np.stack([held_out.square() for _ in range(5 * TOLD)])) > 0).mean()
        )
    return {name: round(share, 5) for name, share in shares.items()}


def train(faceless: Path, held_out: Path | None, seed: int = 1) -> FaceCheck:
    """The net, and a line of log for each epoch."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    split, validation = (Split.load(data_folder() / f"{part}.npz") for part in ("train", "validation"))
    split = split.take(fit_for_training(split))
    sure = validation.images if validation.votes is None else validation.images[validation.votes[:, NOT_A_FACE] == 0]
    maker = Maker(split.images, read_folder(faceless), seed)
    other = Maker(split.images, read_folder(held_out), seed) if held_out else None
    net = FaceCheck()
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=0.01)
    began = time.monotonic()
    for epoch in range(EPOCHS):
        crops, faces = examples(maker, net if epoch else None)
        net.train()
        total, steps = 0.0, len(crops) // BATCH
        for step, (x, y) in enumerate(batches(crops, faces, maker.random)):
            for group in optimiser.param_groups:
                group["lr"] = RATE * 0.5 * (1 + np.cos(np.pi * (epoch + step / steps) / EPOCHS))
            loss = F.binary_cross_entropy_with_logits(net(x)[:, 0], y)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += loss.item()
        line = {"epoch": epoch + 1, "loss": round(total / steps, 4), **told(net, sure, maker, other)}
        left = (time.monotonic() - began) / (epoch + 1) * (EPOCHS - epoch - 1) / 60
        log.info("%s, about %.0f min left", json.dumps(line), left)
    return net


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    parser = argparse.ArgumentParser(prog="python -m model_export.face_check", description=__doc__)
    parser.add_argument("--faceless", type=Path, required=True, help="a folder of pictures that show no face")
    parser.add_argument("--held-out", type=Path, help="another, to see what is kept of pictures it was not taught on")
    parser.add_argument("--out", type=Path, default=Path("detector_service/face_check.onnx"))
    chosen = parser.parse_args()
    taught = train(chosen.faceless, chosen.held_out)
    write_onnx(taught, torch.zeros(2, 1, CROP_SIDE, CROP_SIDE), chosen.out, "crops", ["odds"])
