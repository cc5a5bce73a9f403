"""The net: a small residual CNN that sees one 48x48 gray crop and gives seven logits and an embedding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from moodstream.types import EXPRESSIONS

#: Channels and residual blocks at 24x24, 12x12 and 6x6.
WIDTHS = (32, 64, 128)
BLOCKS = (1, 2, 2)
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


class ExpressionNet(nn.Module):
    """Pixels scaled to about [-1, 1], float (n, 1, 48, 48), to (logits (n, 7), embedding (n, WIDTHS[-1]))."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, WIDTHS[0], 5, 2, 2, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU()]
        width = WIDTHS[0]
        for stage, (outputs, blocks) in enumerate(zip(WIDTHS, BLOCKS, strict=True)):
            for block in range(blocks):
                layers.append(Residual(width, outputs, 2 if stage > 0 and block == 0 else 1))
                width = outputs
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(width, len(EXPRESSIONS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        embedding = self.features(x)
        return self.head(self.dropout(embedding)), embedding


def scale(crops: Tensor) -> Tensor:
    """uint8 (n, 48, 48) to the net's input, float32 (n, 1, 48, 48)."""
    return (crops.unsqueeze(1).float() - 127.5) / 63.75
