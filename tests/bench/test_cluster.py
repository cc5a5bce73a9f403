"""The parts of the run on a real cluster that need no cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yaml", reason="no PyYAML: .venv/bin/pip install --no-deps --require-hashes -r locks/cluster.txt")

from bench.autoscale.rule import Rule
from bench.cluster import adapter, kit
from bench.cluster.steps import DEPLOYMENTS, IMAGES
from tests.k8s.manifests import rendered


def test_what_is_missing_is_told_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in kit.COMMANDS[1:]:
        (tmp_path / name).touch(0o755)
    monkeypatch.setattr(kit.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(kit.shutil, "which", lambda name: None if name == "prometheus" else name)
    monkeypatch.setattr(kit, "KUBECTL", tmp_path / "kubectl")
    lacks = kit.missing(tmp_path)
    assert [text.split(":")[0] for text in lacks] == [
        str(tmp_path / "up"),
        "root",
        str(tmp_path / "kubectl"),
        "prometheus",
    ]
    assert all(":" in text for text in lacks)


def test_prometheus_is_told_the_pods_that_have_an_address_and_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    def pod(name: str, address: str | None, **ports: int) -> dict[str, Any]:
        opened = [{"name": port, "containerPort": number} for port, number in ports.items()]
        return {
            "metadata": {"name": f"{name}-1", "labels": {"app.kubernetes.io/name": name}},
            "spec": {"containers": [{"ports": opened}]},
            "status": {"podIP": address} if address else {},
        }

    pods = [
        pod("detector", "10.0.0.1", http=8000),
        pod("page", "10.0.0.2", http=7860, metrics=8100),
        pod("live-worker", None, metrics=8100),
        pod("redis-live", "10.0.0.3", redis=6379),
    ]
    monkeypatch.setattr(adapter, "get", lambda url, **query: {"items": pods})
    told = [(group["targets"], group["labels"]["pod"]) for group in adapter.targets("http://api")]
    assert told == [(["10.0.0.1:8000"], "detector-1"), (["10.0.0.2:8100"], "page-1")]


@pytest.mark.parametrize(("result", "value"), [([{"value": [0, "102.6"]}], "103"), ([], None)])
def test_a_metric_is_the_number_that_prometheus_has_or_none(
    result: list[Any], value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "get", lambda url, **query: {"data": {"result": result}})
    assert adapter.value_of("sum(moodstream_demand_faces)", "http://prometheus") == value


def test_the_run_applies_what_ships_but_for_the_live_workers() -> None:
    ours = rendered(kit.HERE / "overlay")
    shipped = rendered(kit.ROOT / "k8s/overlays/hpa")
    differ = [
        (body["kind"], body["metadata"]["name"])
        for body, other in zip(ours.bodies, shipped.bodies, strict=True)
        if body != other
    ]
    assert differ == [("Deployment", "live-worker"), ("HorizontalPodAutoscaler", "live-worker")]
    rule = Rule.of(ours.one("HorizontalPodAutoscaler", "live-worker"))
    assert (rule.minimum, rule.maximum) == (1, 5)


def test_every_deployment_and_image_has_its_step() -> None:
    shipped = rendered(kit.ROOT / "k8s/overlays/hpa")
    assert set(DEPLOYMENTS) == {body["metadata"]["name"] for body in shipped.of("Deployment")}
    assert set(DEPLOYMENTS.values()) == set(IMAGES)
    for dockerfile in IMAGES.values():
        assert (kit.ROOT / dockerfile).exists()
