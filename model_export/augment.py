"""Random views of a batch of crops, made on the fly: no picture is ever shown twice alike."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from model_export.net import MIDDLE, QUARTER_RANGE

ROTATION = 12.0  # degrees either way
ZOOM = 0.15  # relative, either way
SHEAR = 0.1
SHIFT = 0.1  # of half the picture, either way
CONTRAST = 0.3  # relative, either way
BRIGHTNESS = 0.3  # in units of the net's input
ERASED_SHARE = 0.3  # of the pictures
ERASED_SIDE = (0.15, 0.45)  # of the picture's side
BLURRED_SHARE = 0.1  # small faces reach the net enlarged, thus soft
DIM_LIGHT = (0.15, 0.7)  # share of the light that is left in a dim room
DIM_NOISE = (1.0, 8.0)  # standard deviation of the sensor's noise there, in gray levels


def augment(x: Tensor, size: int, random: torch.Generator) -> Tensor:
    """Random affine window of ``size`` x ``size`` pixels, light, blur and erasing.

    ``x`` is float (n, 1, 48, 48); the answer is float (n, 1, size, size). Windows smaller than the picture show a
    part of it at the same scale, which costs less and is itself an augmentation.
    """
    n, side = len(x), x.shape[-1]

    def spread(width: float) -> Tensor:
        return (torch.rand(n, generator=random) * 2 - 1) * width

    angle, zoom, part = spread(math.radians(ROTATION)), 1 + spread(ZOOM), size / side
    flip = torch.where(torch.rand(n, generator=random) < 0.5, -1.0, 1.0)
    margin = 1 - part + SHIFT
    matrix = torch.stack(
        [
            torch.stack([flip * angle.cos() * zoom * part, (spread(SHEAR) - angle.sin()) * part, spread(margin)], 1),
            torch.stack([flip * angle.sin() * part, angle.cos() * zoom * part, spread(margin)], 1),
        ],
        1,
    )
    grid = F.affine_grid(matrix, [n, 1, size, size], align_corners=False)
    view = F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    soft = torch.rand(n, generator=random) < BLURRED_SHARE
    view[soft] = F.avg_pool2d(F.pad(view[soft], (1, 1, 1, 1), mode="replicate"), 3, 1)
    view = view * (1 + spread(CONTRAST)).view(-1, 1, 1, 1) + spread(BRIGHTNESS).view(-1, 1, 1, 1)
    return _erase(view, random)


def dim(view: Tensor, share: float, random: torch.Generator) -> Tensor:
    """Show a share of the views, float (n, 1, height, width), as a camera sees them in a dim room: dark and noisy."""
    n = len(view)

    def between(bounds: tuple[float, float]) -> Tensor:
        return (bounds[0] + (bounds[1] - bounds[0]) * torch.rand(n, generator=random)).view(-1, 1, 1, 1)

    light, deviation = between(DIM_LIGHT), between(DIM_NOISE)
    levels = view * QUARTER_RANGE + MIDDLE
    noise = torch.randn(view.shape, generator=random) * deviation
    dark = ((levels * light + noise).clamp(0, 255) - MIDDLE) / QUARTER_RANGE
    hit = (torch.rand(n, generator=random) < share).view(-1, 1, 1, 1)
    return torch.where(hit, dark, view)


def _erase(view: Tensor, random: torch.Generator) -> Tensor:
    """Cover a random rectangle of some pictures with noise (Zhong et al., 2017)."""
    n, size = len(view), view.shape[-1]
    low, high = ERASED_SIDE
    sides = size * (low + (high - low) * torch.rand(n, 2, generator=random))
    corners = torch.rand(n, 2, generator=random) * (size - sides)
    line = torch.arange(size).view(1, -1)
    inside = [(line >= corners[:, k : k + 1]) & (line < corners[:, k : k + 1] + sides[:, k : k + 1]) for k in (0, 1)]
    hit = (torch.rand(n, generator=random) < ERASED_SHARE).view(-1, 1, 1)
    mask = (inside[0].unsqueeze(2) & inside[1].unsqueeze(1) & hit).unsqueeze(1)
    return torch.where(mask, torch.randn(view.shape, generator=random), view)
