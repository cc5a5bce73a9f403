"""What scales the workloads: numbers that the services tell, the same for KEDA and for plain autoscalers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from moodstream.wire import FACES, FRAMES, RECORDED
from tests.k8s.manifests import OURS, ROOT, Manifests, rendered


def queries(overlay: Manifests) -> dict[str, str]:
    """Workload → PromQL of its ScaledObject."""
    return {
        body["spec"]["scaleTargetRef"]["name"]: trigger["metadata"]["query"]
        for body in overlay.of("ScaledObject")
        for trigger in body["spec"]["triggers"]
        if trigger["type"] == "prometheus"
    }


def rule_of(filled_in: Path) -> dict[str, str]:
    """External metric → PromQL of the Prometheus Adapter."""
    yaml: Any = pytest.importorskip("yaml")
    rules = yaml.safe_load((filled_in / "components/hpa/prometheus-adapter.yaml").read_text())["rules"]["external"]
    return {rule["name"]["as"]: rule["metricsQuery"] for rule in rules}


def test_scaling_follows_numbers_that_the_services_tell(filled_in: Path) -> None:
    source = "\n".join(p.read_text() for p in ROOT.glob("*/metrics.py"))
    keda = rendered(filled_in / "overlays/keda")
    asked = queries(keda)
    assert set(asked) == OURS
    for query in asked.values():
        for metric in re.findall(r"moodstream_\w+", query):
            assert f'"{metric}"' in source, metric
        for queue in re.findall(r'queue="([^"]+)"', query):
            assert queue in {FACES, FRAMES, RECORDED}
        for namespace in re.findall(r'namespace="([^"]+)"', query):
            assert namespace == "moodstream"
    assert RECORDED in asked["recorded-worker"]
    assert f'"{FRAMES}"' in asked["frame-worker"]
    assert "queue" not in asked["live-worker"], "the list is empty exactly when frames are refused"


def test_plain_autoscalers_do_what_keda_does(filled_in: Path) -> None:
    keda, hpa = rendered(filled_in / "overlays/keda"), rendered(filled_in / "overlays/hpa")
    rules, asked = rule_of(filled_in), queries(keda)
    assert {body["metadata"]["name"] for body in hpa.of("HorizontalPodAutoscaler")} == set(asked)
    for body in hpa.of("HorizontalPodAutoscaler"):
        name, spec = body["metadata"]["name"], body["spec"]
        scaled = keda.one("ScaledObject", name)["spec"]
        assert spec["scaleTargetRef"]["name"] == scaled["scaleTargetRef"]["name"]
        assert spec["maxReplicas"] == scaled["maxReplicaCount"]
        assert spec["minReplicas"] == max(scaled["minReplicaCount"], 1)
        advanced = scaled.get("advanced", {}).get("horizontalPodAutoscalerConfig", {})
        assert spec.get("behavior") == advanced.get("behavior")
        triggers = {trigger["type"]: trigger["metadata"] for trigger in scaled["triggers"]}
        for metric in spec["metrics"]:
            if metric["type"] == "External":
                assert rules[metric["external"]["metric"]["name"]] == asked[name]
                target = metric["external"]["target"]["averageValue"]
                assert target == triggers["prometheus"]["threshold"]
            else:
                assert metric["resource"]["target"]["averageValue"] == triggers["cpu"]["value"]
        assert len(spec["metrics"]) == len(triggers)


def test_what_is_scaled_exists_and_has_no_count_of_its_own(overlay: Manifests) -> None:
    for body in overlay.of("ScaledObject", "HorizontalPodAutoscaler"):
        target = overlay.one("Deployment", body["spec"]["scaleTargetRef"]["name"])
        assert "replicas" not in target["spec"], "each apply would set it back"
