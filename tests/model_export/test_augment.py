"""What the net is shown in training."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not here: see model_export/README.md for its environment")

from model_export.augment import DIM_LIGHT, dim  # noqa: E402
from model_export.net import MIDDLE, QUARTER_RANGE, scale  # noqa: E402


def test_a_share_of_the_views_is_dark_and_noisy() -> None:
    bright = scale(torch.full((400, 48, 48), 200, dtype=torch.uint8))
    shown = dim(bright, 0.25, torch.Generator().manual_seed(0)) * QUARTER_RANGE + MIDDLE
    changed = [view for view in shown if view.std() > 0.01]
    assert 70 < len(changed) < 130
    for view in changed:
        assert 200 * DIM_LIGHT[0] - 2 < view.mean() < 200 * DIM_LIGHT[1] + 2
        assert 0.8 < view.std() < 8.5 and view.min() >= -0.01
    assert torch.equal(dim(bright, 0.0, torch.Generator()), bright)
