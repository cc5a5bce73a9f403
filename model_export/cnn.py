"""The classic CNN for these pictures, to compare with: four convolution blocks, five dense blocks."""

from __future__ import annotations

from torch import nn

from model_export.net import TwoHeads

CHANNELS = (32, 64, 128, 256)
DENSE = (256, 256, 128, 128, 64)
DROPOUT = 0.25
#: Pixels that are left of 48 after the pooling of all blocks, on a side.
_LAST = 3


class Cnn(TwoHeads):
    """Blocks of batch norm, 3x3 convolution, ReLU and 2x2 pooling, then dense blocks with dropout.

    It sees 48x48 pixels and nothing else: the dense blocks know each place of the picture apart.
    """

    takes_windows = False

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        inputs = 1
        for outputs in CHANNELS:
            layers += [nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            inputs = outputs
        layers.append(nn.Flatten())
        inputs *= _LAST**2
        for outputs in DENSE:
            layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(DROPOUT)]
            inputs = outputs
        super().__init__(nn.Sequential(*layers), inputs, dropout=0.0)
