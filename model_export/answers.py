"""What nets answer: one alone, or several together as teachers of another."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model_export.architectures import load_net
from model_export.data import runs_folder
from model_export.net import TwoHeads, scale
from model_export.recipe import Recipe
from moodstream.types import EXPRESSIONS

log = logging.getLogger(__name__)

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@torch.inference_mode()
def answers_of(net: TwoHeads, images: Pictures, batch: int = 256) -> tuple[Floats, Floats, Floats]:
    """Logits of both heads, each float32 (n, 7), and the embedding (n, d)."""
    net.eval()
    parts = [net.heads(_picture(images[i : i + batch])) for i in range(0, len(images), batch)]
    label, votes, embedding = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    return label, votes, embedding


def _picture(images: Pictures) -> Tensor:
    return scale(torch.from_numpy(images)).contiguous(memory_format=torch.channels_last)


def taught(labels: Tensor, votes: Tensor, images: Pictures, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Targets mixed with the mean answers of the teachers, which are kept beside the run."""
    file = runs_folder() / recipe.name / "teachers.npz"
    kept = np.load(file) if file.is_file() else {}
    if kept and str(kept.get("teachers")) == recipe.teachers and len(kept["label"]) == len(images):
        answers = torch.from_numpy(kept["label"]), torch.from_numpy(kept["votes"])
    else:
        answers = ensemble(recipe.teachers.split(","), images)
        file.parent.mkdir(parents=True, exist_ok=True)
        told = {"label": answers[0].numpy(), "votes": answers[1].numpy(), "teachers": np.array(recipe.teachers)}
        np.savez(file.with_suffix(".part.npz"), **told)
        file.with_suffix(".part.npz").replace(file)
    # Where nobody voted the teachers' votes are better than none.
    voted = votes.sum(1, keepdim=True)
    own = labels, votes + (1 - voted) * answers[1]
    mixed = [(1 - recipe.taught) * mine + recipe.taught * theirs for mine, theirs in zip(own, answers, strict=True)]
    return mixed[0], mixed[1]


def ensemble(runs: list[str], images: Pictures) -> tuple[Tensor, Tensor]:
    """Mean probabilities, each float32 (n, 7), of the label and the vote heads of runs, over pictures and mirrored."""
    total = torch.zeros(2, len(images), len(EXPRESSIONS))
    for number, run in enumerate(runs, 1):
        net = load_net(run)[0].to(memory_format=torch.channels_last)
        for view in (images, np.ascontiguousarray(images[:, :, ::-1])):
            heads = answers_of(net, view)[:2]
            total += torch.stack([torch.softmax(torch.from_numpy(logits), 1) for logits in heads])
        log.info("teacher %d of %d, %s, has answered", number, len(runs), run)
    total /= 2 * len(runs)
    return total[0], total[1]
