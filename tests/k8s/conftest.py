"""Every overlay as Kubernetes would get it, rendered by kubectl itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.k8s.manifests import ROOT, Manifests, rendered


@pytest.fixture(scope="session")
def filled_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of k8s/ with the cloud's secrets filled in as its example says."""
    copy = tmp_path_factory.mktemp("k8s") / "k8s"
    shutil.copytree(ROOT / "k8s", copy)
    (copy / "overlays/cloud/moodstream.env").write_bytes((copy / "overlays/cloud/moodstream.env.example").read_bytes())
    return copy


@pytest.fixture(scope="session", params=["local", "keda", "hpa", "monitoring", "cloud"])
def overlay(request: pytest.FixtureRequest, filled_in: Path) -> Manifests:
    return rendered(filled_in / "overlays" / request.param)


@pytest.fixture(scope="session")
def local(filled_in: Path) -> Manifests:
    return rendered(filled_in / "overlays/local")
