"""MobileNetV2 (Sandler et al., 2018) with our heads, to compare with: transfer from ImageNet where there are weights.

Layers have the names that the public weights use, so that these load as they are.
"""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.error import URLError

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_export.net import TwoHeads

log = logging.getLogger(__name__)

#: Side to which crops are enlarged: the backbone shrinks its input 32 times.
RESOLUTION = 96
DROPOUT = 0.2
#: ImageNet weights of torchvision, the second and better ones.
HUB = "https://download.pytorch.org/models/mobilenet_v2-7ebf99e0.pth"
#: Expansion, channels, blocks and stride of each group of blocks (table 2 of the paper).
GROUPS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
FIRST, LAST = 32, 1280
#: ImageNet's mean and deviation of a grey picture, in units of our input, whose 0 is mid grey and 2 is white.
_MEAN, _DEVIATION = (0.449 - 0.5) * 4, 0.226 * 4


def _convolution(inputs: int, outputs: int, side: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    kernel = nn.Conv2d(inputs, outputs, side, stride, (side - 1) // 2, groups=groups, bias=False)
    return nn.Sequential(kernel, nn.BatchNorm2d(outputs), nn.ReLU6())


class InvertedResidual(nn.Module):
    """Widen, filter each channel apart, narrow; around it a shortcut where the shapes allow."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = [_convolution(inputs, hidden, 1)] if expansion != 1 else []
        layers += [
            _convolution(hidden, hidden, 3, stride, hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        self.conv = nn.Sequential(*layers)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.shortcut else self.conv(x)


class Backbone(nn.Module):
    """Grey crops (n, 1, h, w) to features (n, 1280); its layers are called as in the public weights."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_convolution(3, FIRST, stride=2)]
        inputs = FIRST
        for expansion, outputs, blocks, stride in GROUPS:
            for block in range(blocks):
                layers.append(InvertedResidual(inputs, outputs, stride if block == 0 else 1, expansion))
                inputs = outputs
        self.features = nn.Sequential(*layers, _convolution(inputs, LAST, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = (x - _MEAN) / _DEVIATION
        x = F.interpolate(x, scale_factor=RESOLUTION / 48, mode="bilinear", align_corners=False)
        return self.features(x.repeat(1, 3, 1, 1)).mean((2, 3))


class MobileNetV2(TwoHeads):
    """The backbone, its top replaced by our two heads of seven."""

    def __init__(self) -> None:
        super().__init__(Backbone(), LAST, DROPOUT)


class HubUnreachableError(Exception):
    """The hub of pretrained weights cannot be reached."""


def load_backbone(net: MobileNetV2, weights: str) -> None:
    """Fill the backbone with pretrained weights: of a local file, or of the ``hub``.

    Raises:
        HubUnreachableError: there is no way to the hub.
        SystemExit: the file is missing or of another net; the message says what to do.
    """
    if weights == "hub":
        try:
            state = torch.hub.load_state_dict_from_url(HUB, map_location="cpu", weights_only=True, check_hash=True)
        except (URLError, ConnectionError, TimeoutError) as error:
            raise HubUnreachableError(f"the hub cannot be reached ({error})") from None
    else:
        try:
            state = torch.load(Path(weights), map_location="cpu", weights_only=True)
        except OSError as error:
            raise SystemExit(f"--weights {weights}: {error.strerror}. Name a file that can be read, or hub") from None
    wanted = net.features.state_dict()
    found = {name: value for name, value in state.items() if not name.startswith("classifier.")}
    if found.keys() != wanted.keys() or any(found[name].shape != wanted[name].shape for name in wanted):
        raise SystemExit(f"--weights {weights}: these are not the weights of a MobileNetV2")
    net.features.load_state_dict(found)
    log.info("backbone from %s", weights)
