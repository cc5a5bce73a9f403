"""The pictures to learn from: one split is one ``.npz`` file with images, labels and (if known) votes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moodstream.types import EXPRESSIONS

#: Column order of the FER+ tagger votes (Barsoum et al., 2016).
FERPLUS_ORDER = (
    "neutral",
    "happy",
    "surprise",
    "sad",
    "angry",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "not-a-face",
)
#: FER+ columns of our seven expressions, in our order.
SEVEN = tuple(FERPLUS_ORDER.index(name) for name in EXPRESSIONS)
CONTEMPT = FERPLUS_ORDER.index("contempt")
NOT_A_FACE = FERPLUS_ORDER.index("not-a-face")


def cache_folder() -> Path:
    """Where prepared data and runs live: outside the work tree, because neither is ours to publish."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "moodstream"


def data_folder() -> Path:
    """Prepared splits: ``MOODSTREAM_DATA``, or ``data`` in the cache folder."""
    return Path(os.environ.get("MOODSTREAM_DATA") or cache_folder() / "data")


def runs_folder() -> Path:
    """Checkpoints and logs: ``MOODSTREAM_RUNS``, or ``runs`` in the cache folder."""
    return Path(os.environ.get("MOODSTREAM_RUNS") or cache_folder() / "runs")


@dataclass(frozen=True)
class Split:
    """Pictures of one split.

    ``images`` uint8 (n, 48, 48); ``labels`` int64 (n,), indices into :data:`EXPRESSIONS`; ``votes`` uint8 (n, 10)
    in the order of :data:`FERPLUS_ORDER`, or None where nobody voted; ``twins`` bool (n,), pictures that also stand
    in a held-out split, or None if that was never looked at.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    votes: npt.NDArray[np.uint8] | None = None
    twins: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Split:
        """The pictures that a mask or an index picks."""
        return Split(
            self.images[chosen],
            self.labels[chosen],
            None if self.votes is None else self.votes[chosen],
            None if self.twins is None else self.twins[chosen],
        )

    def save(self, path: Path) -> None:
        """Write the split as a compressed ``.npz``, whole or not at all."""
        fields: dict[str, npt.NDArray[np.generic]] = {"images": self.images, "labels": self.labels}
        if self.votes is not None:
            fields["ferplus_votes"] = self.votes
        if self.twins is not None:
            fields["twins"] = self.twins
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(part, **fields)  # type: ignore[arg-type]  # stubs want allow_pickle first
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Split:
        """Read what :meth:`save` wrote.

        Raises:
            FileNotFoundError: nothing was prepared; the message names the remedy.
        """
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: run `python -m model_export.prepare SOURCE` first")
        with np.load(path) as archive:
            return cls(
                archive["images"],
                archive["labels"].astype(np.int64),
                archive.get("ferplus_votes"),
                archive.get("twins"),
            )


def vote_shares(split: Split) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Share of the taggers' votes for each of the seven, float32 (n, 7), and whether anyone voted for any, (n,)."""
    if split.votes is None:
        return np.zeros((len(split), len(SEVEN)), np.float32), np.zeros(len(split), np.bool_)
    seven = split.votes[:, SEVEN].astype(np.float32)
    total = seven.sum(1, keepdims=True)
    return seven / np.maximum(total, 1), total[:, 0] > 0


def plurality(split: Split) -> npt.NDArray[np.int64]:
    """FER+ label of each picture, int64 (n,): the expression with most votes, -1 where another column or a tie won."""
    if split.votes is None:
        return np.full(len(split), -1)
    votes = split.votes.astype(np.int64)
    best = votes.max(1, keepdims=True)
    unique = (votes == best).sum(1) == 1
    seven = votes[:, SEVEN]
    return np.where(unique & (seven.max(1) == best[:, 0]), seven.argmax(1), -1)


def fit_for_training(split: Split, twins: bool = False) -> npt.NDArray[np.bool_]:
    """Mask (n,) of the pictures to learn from.

    Left out: blank pictures, twins of held-out pictures unless ``twins``, pictures that taggers call no face, and those
    that they call contempt, so that contempt stays an expression which the net has never seen.
    """
    keep = split.images.reshape(len(split), -1).std(1) > 1
    if split.twins is not None and not twins:
        keep &= ~split.twins
    if split.votes is not None:
        most = split.votes.argmax(1)
        keep &= (most != CONTEMPT) & (most != NOT_A_FACE)
    return keep
