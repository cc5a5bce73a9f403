"""What no schema sees: selectors that match nothing, ports that nobody opens, settings and queues that do not exist."""

from __future__ import annotations

import base64
import re
import tomllib
from urllib.parse import urlsplit

import pytest

from moodstream.settings import Settings
from tests.k8s.manifests import NAME, OURS, ROOT, Manifests, selects
from worker.__main__ import QUEUES

REDIS = {"redis-live", "redis-recorded"}


def ports(overlay: Manifests, workload: str) -> dict[str, int]:
    return {p["name"]: p["containerPort"] for n, c in overlay.containers() if n == workload for p in c.get("ports", [])}


def test_every_service_of_the_design_runs(overlay: Manifests) -> None:
    assert set(overlay.pods()) >= OURS
    assert set(overlay.pods()) <= OURS | REDIS


def test_every_selector_selects_exactly_one_workload(overlay: Manifests) -> None:
    labels = {name: template["metadata"]["labels"] for name, template in overlay.pods().items()}
    for body in overlay.workloads():
        assert selects(body["spec"]["selector"], labels[body["metadata"]["name"]])
    selectors = [body["spec"]["selector"] for body in [*overlay.workloads(), *overlay.of("PodDisruptionBudget")]]
    selectors += [{"matchLabels": service["spec"]["selector"]} for service in overlay.of("Service")]
    for selector in selectors:
        assert sum(selects(selector, one) for one in labels.values()) == 1, selector


def test_policies_and_monitors_select_what_exists(overlay: Manifests) -> None:
    labels = [template["metadata"]["labels"] for template in overlay.pods().values()]
    services = [service["metadata"]["labels"] for service in overlay.of("Service")]
    for body in overlay.of("NetworkPolicy", "PodMonitor", "ServiceMonitor"):
        selector = body["spec"].get("podSelector", body["spec"].get("selector"))
        among = services if body["kind"] == "ServiceMonitor" else labels
        for expression in selector.get("matchExpressions", []):
            names = set(expression["values"])
            assert names <= {one.get(expression["key"]) for one in among}, body["metadata"]["name"]
        assert any(selects(selector, one) for one in among), body["metadata"]["name"]


def test_every_port_is_opened_by_the_container_behind_it(overlay: Manifests) -> None:
    for service in overlay.of("Service"):
        target = service["spec"]["selector"][NAME]
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in ports(overlay, target)
    for name, container in overlay.containers():
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container.get(probe, {}).get("httpGet") or container.get(probe, {}).get("tcpSocket")
            if asked:
                assert asked["port"] in ports(overlay, name), (name, probe)
    for monitor in overlay.of("PodMonitor"):
        for template in overlay.pods().values():
            if selects(monitor["spec"]["selector"], template["metadata"]["labels"]):
                opened = {p["name"] for p in template["spec"]["containers"][0]["ports"]}
                assert {e["port"] for e in monitor["spec"]["podMetricsEndpoints"]} <= opened
    for monitor in overlay.of("ServiceMonitor"):
        for service in overlay.of("Service"):
            if selects(monitor["spec"]["selector"], service["metadata"]["labels"]):
                offered = {p["name"] for p in service["spec"]["ports"]}
                assert {e["port"] for e in monitor["spec"]["endpoints"]} <= offered


def test_ingress_leads_to_a_port_of_a_service(overlay: Manifests) -> None:
    for ingress in overlay.of("Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                offered = overlay.one("Service", backend["name"])["spec"]["ports"]
                assert backend["port"]["name"] in {port["name"] for port in offered}


def settings_of(overlay: Manifests, workload: str) -> dict[str, str]:
    """Names and values of the settings that a workload's container gets; the values of secrets are decoded."""
    ((_, container),) = [(n, c) for n, c in overlay.containers() if n == workload]
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= overlay.one("ConfigMap", source["configMapRef"]["name"])["data"]
    for variable in container.get("env", []):
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        if reference is None:
            found[variable["name"]] = variable["value"]
        else:
            data = overlay.one("Secret", reference["name"])["data"]
            if reference.get("optional") and reference["key"] not in data:
                continue
            found[variable["name"]] = base64.b64decode(data[reference["key"]]).decode()
    return found


def test_settings_exist_and_their_values_are_taken(overlay: Manifests, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"MOODSTREAM_" + name.upper() for name in Settings.model_fields}
    for workload in OURS:
        chosen = settings_of(overlay, workload)
        assert set(chosen) <= known, workload
        with monkeypatch.context() as patch:
            for name, value in chosen.items():
                patch.setenv(name, value)
            Settings()  # type: ignore[call-arg]  # raises for a value that is not allowed


def test_ports_agree_with_the_settings(overlay: Manifests) -> None:
    for workload, setting, name in [
        ("page", "MOODSTREAM_PAGE_PORT", "http"),
        ("page", "MOODSTREAM_METRICS_PORT", "metrics"),
        ("detector", "MOODSTREAM_DETECTOR_PORT", "http"),
        ("live-worker", "MOODSTREAM_METRICS_PORT", "metrics"),
        ("recorded-worker", "MOODSTREAM_METRICS_PORT", "metrics"),
        ("frame-worker", "MOODSTREAM_METRICS_PORT", "metrics"),
    ]:
        assert ports(overlay, workload)[name] == int(settings_of(overlay, workload)[setting])
    url = urlsplit(settings_of(overlay, "page")["MOODSTREAM_DETECTOR_URL"])
    (port,) = overlay.one("Service", url.hostname or "")["spec"]["ports"]
    assert url.port == port["port"]


def test_each_gets_only_the_secrets_that_it_needs(overlay: Manifests) -> None:
    secret = {"MOODSTREAM_SECRET", "MOODSTREAM_REDIS_URL", "MOODSTREAM_RECORDED_REDIS_URL"}
    assert {name: set(settings_of(overlay, name)) & secret for name in OURS} == {
        "page": {"MOODSTREAM_SECRET"},
        "detector": {"MOODSTREAM_REDIS_URL", "MOODSTREAM_RECORDED_REDIS_URL"},
        "live-worker": {"MOODSTREAM_REDIS_URL"},
        "recorded-worker": {"MOODSTREAM_RECORDED_REDIS_URL"},
        "frame-worker": {"MOODSTREAM_REDIS_URL"},
    }


def test_local_redis_addresses_lead_to_services_with_their_password(local: Manifests) -> None:
    chosen = settings_of(local, "detector")
    for setting, host in [
        ("MOODSTREAM_REDIS_URL", "redis-live"),
        ("MOODSTREAM_RECORDED_REDIS_URL", "redis-recorded"),
    ]:
        url = urlsplit(chosen[setting])
        (port,) = local.one("Service", host)["spec"]["ports"]
        assert (url.hostname, url.port) == (host, port["port"])
        assert url.password == settings_of(local, host)["REDISCLI_AUTH"]


def test_live_redis_keeps_nothing_and_recorded_redis_keeps_all(local: Manifests) -> None:
    def options(name: str) -> list[str]:
        ((_, container),) = [(n, c) for n, c in local.containers() if n == name]
        return [*container["command"], *container["args"]]

    live, recorded = options("redis-live"), options("redis-recorded")
    assert live[live.index("--save") + 1] == ""
    assert live[live.index("--appendonly") + 1] == "no"
    assert recorded[recorded.index("--appendonly") + 1] == "yes"
    (volume,) = local.pods()["redis-live"]["spec"]["volumes"]
    assert volume["emptyDir"]["medium"] == "Memory"


def test_workers_serve_the_queues_that_exist(overlay: Manifests) -> None:
    served = {c["command"][-1] for n, c in overlay.containers() if c["command"][:3] == ["python", "-m", "worker"]}
    assert served == set(QUEUES)


def test_images_are_those_that_are_built(overlay: Manifests) -> None:
    """A Dockerfile each, which says the name in its first line."""
    built = {
        re.findall(r"-t (\S+)", path.read_text().splitlines()[0])[0]
        for path in [*ROOT.glob("*/Dockerfile"), *ROOT.glob("*/*.Dockerfile")]
    }
    if not built:
        pytest.skip("no Dockerfiles yet")
    ours = {c["image"].partition(":")[0] for n, c in overlay.containers() if n in OURS}
    assert ours <= built


def test_modules_that_are_started_exist(overlay: Manifests) -> None:
    for name in OURS:
        ((_, container),) = [(n, c) for n, c in overlay.containers() if n == name]
        assert container["command"][:2] == ["python", "-m"]
        assert (ROOT / container["command"][2] / "__main__.py").exists()


def test_images_carry_the_version_of_the_package(overlay: Manifests) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name in OURS:
        ((_, container),) = [(n, c) for n, c in overlay.containers() if n == name]
        assert container["image"].endswith(f":{version}"), name


def test_the_arrows_of_the_design_and_no_others(local: Manifests) -> None:
    assert local.arrows() == {
        ("page", "detector", 8000),
        ("detector", "redis-live", 6379),
        ("detector", "redis-recorded", 6379),
        ("live-worker", "redis-live", 6379),
        ("frame-worker", "redis-live", 6379),
        ("recorded-worker", "redis-recorded", 6379),
    }
    assert local.entrances({"kubernetes.io/metadata.name": "ingress-nginx"}) == {("page", 7860)}
    assert local.entrances({"moodstream/client": "true"}) == {
        ("page", 7860),
        ("detector", 8000),
        ("redis-live", 6379),
    }
    assert local.entrances({"kubernetes.io/metadata.name": "monitoring"}) == {
        ("page", 7860),
        ("page", 8100),
        ("detector", 8000),
        ("live-worker", 8100),
        ("recorded-worker", 8100),
        ("frame-worker", 8100),
    }


def test_every_pod_may_ask_for_names_and_none_is_without_a_policy(overlay: Manifests) -> None:
    everywhere = [p["spec"] for p in overlay.of("NetworkPolicy") if p["spec"]["podSelector"] == {}]
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in everywhere
    names = [rule for spec in everywhere for rule in spec.get("egress", [])]
    assert {(p["protocol"], p["port"]) for rule in names for p in rule["ports"]} == {("UDP", 53), ("TCP", 53)}
