"""The optimiser and the schedule."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not here: see model_export/README.md for its environment")

from model_export.muon import Muon, orthogonal  # noqa: E402
from model_export.net import ExpressionNet, scale  # noqa: E402
from model_export.recipe import Recipe  # noqa: E402
from model_export.train import relative_rate  # noqa: E402


@pytest.mark.parametrize("shape", [(8, 40), (40, 8), (16, 16)])
def test_a_step_has_orthogonal_directions(shape: tuple[int, int]) -> None:
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=torch.Generator().manual_seed(1))))
    assert float(values.min()) > 0.5 and float(values.max()) < 1.4


def test_muon_descends() -> None:
    kernel = torch.nn.Parameter(torch.randn(4, 2, 3, 3))
    optimiser = Muon([kernel], lr=0.05)
    before = float(kernel.detach().square().sum())
    for _ in range(50):
        optimiser.zero_grad()
        kernel.square().sum().backward()
        optimiser.step()
    assert float(kernel.detach().square().sum()) < before / 2


def test_the_rate_warms_up_stays_and_falls() -> None:
    recipe = Recipe(epochs=10, decay_epochs=4, warmup_epochs=1.0)
    assert [round(relative_rate(recipe, epoch), 2) for epoch in (0, 0.5, 3, 6, 8, 10)] == [0, 0.5, 1, 1, 0.5, 0]


def test_the_answer_mixes_the_two_heads() -> None:
    net = ExpressionNet(8).eval()
    crops = torch.randint(0, 256, (3, 48, 48), dtype=torch.uint8)
    with torch.no_grad():
        label, votes, _ = net.heads(scale(crops))
        net.mix.fill_(0.0)
        assert torch.allclose(net(scale(crops))[0].exp(), torch.softmax(label, 1), atol=1e-5)
        net.mix.fill_(1.0)
        assert torch.allclose(net(scale(crops))[0].exp(), torch.softmax(votes, 1), atol=1e-5)
