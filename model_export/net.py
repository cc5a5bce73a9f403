"""The net: a small residual CNN that sees one 48x48 gray crop and gives seven logits and an embedding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from moodstream.types import EXPRESSIONS

#: Residual blocks at 24x24, 12x12 and 6x6; channels double from stage to stage.
BLOCKS = (1, 2, 2)
WIDTH = 32
#: Gray levels become the net's input by subtracting the one and dividing by the other.
MIDDLE, QUARTER_RANGE = 127.5, 63.75
DROPOUT = 0.2


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He et al., 2016); the shortcut averages before it shrinks."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        shortcut: list[nn.Module] = [nn.AvgPool2d(2)] if stride == 2 else []
        if inputs != outputs:
            shortcut += [nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.path(x) + self.shortcut(x))


class TwoHeads(nn.Module):
    """Pixels scaled to [-2, 2], float (n, 1, 48, 48), to (logits (n, 7), embedding (n, d)).

    Two heads look at the embedding: one says what the single label of a picture would be, the other how ten taggers
    would vote. The two disagree on a third of the pictures, so they are learnt apart; the answer mixes them with the
    share ``mix`` of the votes, which is chosen after training.
    """

    mix: Tensor
    #: Whether it can be shown windows of another size than the pictures'.
    takes_windows = True

    def __init__(self, features: nn.Module, size: int, dropout: float) -> None:
        super().__init__()
        self.features = features
        self.dropout = nn.Dropout(dropout)
        self.label_head = nn.Linear(size, len(EXPRESSIONS))
        self.vote_head = nn.Linear(size, len(EXPRESSIONS))
        self.register_buffer("mix", torch.tensor(0.5))

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the label and of the votes, both (n, 7), and the embedding (n, d)."""
        embedding = self.features(x)
        dropped = self.dropout(embedding)
        return self.label_head(dropped), self.vote_head(dropped), embedding

    def answer(self, label: Tensor, votes: Tensor) -> Tensor:
        """Logits (n, 7) of the answer, from those of the heads."""
        return torch.log((1 - self.mix) * torch.softmax(label, 1) + self.mix * torch.softmax(votes, 1) + 1e-6)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        label, votes, embedding = self.heads(x)
        return self.answer(label, votes), embedding


class ExpressionNet(TwoHeads):
    """Our net: residual stages at 24x24, 12x12 and 6x6; the embedding has 4 * width numbers."""

    def __init__(self, width: int = WIDTH) -> None:
        layers: list[nn.Module] = [nn.Conv2d(1, width, 5, 2, 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        inputs = width
        for stage, blocks in enumerate(BLOCKS):
            outputs = width * 2**stage
            for block in range(blocks):
                layers.append(Residual(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
                inputs = outputs
        super().__init__(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), inputs, DROPOUT)


def scale(crops: Tensor) -> Tensor:
    """uint8 (n, 48, 48) to the net's input, float32 (n, 1, 48, 48)."""
    return (crops.unsqueeze(1).float() - MIDDLE) / QUARTER_RANGE
