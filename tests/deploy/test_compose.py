"""Compose for real, from up to down: served, scaled, killed piece by piece, upgraded, watched, encrypted."""

from __future__ import annotations

import json
import ssl
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.deploy.conftest import NEXT
from tests.deploy.stack import PROJECT, Stack, loading
from tests.monitoring.test_monitoring import panels

pytestmark = pytest.mark.timeout(1800)

CRASHING = ["worker", "worker-recorded", "frames", "redis", "redis-recorded", "detector", "page"]
UPGRADED = ["worker", "worker-recorded", "frames", "detector", "page"]


def test_up_serves_the_page(stack: Stack):
    assert "Moodstream" in httpx.get(stack.page, timeout=30, trust_env=False).text
    ready = httpx.get(f"{stack.page}/readyz", timeout=10, trust_env=False).json()
    assert (ready["ready"], ready["detector"]) == (True, "mediapipe")


def test_containers_run_without_rights_and_within_limits(stack: Stack):
    for container in stack.containers():
        known = stack.docker.inspect(container)
        host = known["HostConfig"]
        assert known["State"]["Health"]["Status"] == "healthy", known["Name"]
        assert host["ReadonlyRootfs"], known["Name"]
        assert host["CapDrop"] == ["ALL"], known["Name"]
        assert "no-new-privileges:true" in host["SecurityOpt"], known["Name"]
        assert host["Memory"] > 0, known["Name"]
        assert host["NanoCpus"] > 0, known["Name"]
        assert host["RestartPolicy"]["Name"] == "unless-stopped", known["Name"]
        assert known["Config"]["User"] not in ("", "0", "root"), known["Name"]


def test_the_page_reaches_the_detector_but_neither_redis_nor_a_worker(stack: Stack):
    (page,), (detector,) = stack.containers("page"), stack.containers("detector")
    targets = {service: stack.containers(service)[0] for service in ("redis", "redis-recorded", "worker")}
    addresses = [("detector", 8000)]
    for container in targets.values():
        (network,) = stack.docker.inspect(container)["NetworkSettings"]["Networks"].values()
        addresses.append((network["IPAddress"], 6379 if container != targets["worker"] else 8100))
    program = """
import socket, sys
for word in sys.argv[1:]:
    host, port = word.split(":")
    try:
        socket.create_connection((host, int(port)), 2).close()
    except OSError:
        print("no")
    else:
        print("yes")
"""
    words = [f"{host}:{port}" for host, port in addresses]
    said = {c: stack.docker("exec", c, "python", "-c", program, *words).split() for c in (page, detector)}
    assert said == {page: ["yes", "no", "no", "no"], detector: ["yes"] * 4}


def test_redis_wants_its_password_and_only_the_recorded_one_keeps_anything(stack: Stack):
    for service, keeps in (("redis", "no"), ("redis-recorded", "yes")):
        (container,) = stack.containers(service)
        run = ["exec", "--env", "REDISCLI_AUTH=", container, "valkey-cli", "ping"]
        assert "NOAUTH" in stack.docker(*run, check=False), service
        told = stack.docker("exec", container, "valkey-cli", "config", "get", "appendonly").split()
        saved = stack.docker("exec", container, "valkey-cli", "config", "get", "save").split()
        assert (told[-1], saved) == (keeps, ["save"]), service


@pytest.mark.parametrize("mode", ["live", "recorded"])
def test_frames_through_the_page_are_answered_and_can_be_followed_to_the_worker(stack: Stack, mode):
    with loading(stack.page, "--fps", "2", "--mode", mode) as load:
        time.sleep(6)
        step = load.report()
    assert step["unanswered"] == step["streams broken"] == 0, step
    assert step["answers"].get("ok", 0) > step["sent"] / 2, step
    worker = "worker" if mode == "live" else "worker-recorded"
    opened = [line["stream"] for line in stack.logs("page") if line["message"] == "stream opened"]
    stream = opened[-1]
    for service, message in (("detector", "answered"), (worker, "done")):
        frames = [
            line["frame"] for line in stack.logs(service) if (line.get("stream"), line["message"]) == (stream, message)
        ]
        assert frames, service


def test_four_workers_share_the_work(stack: Stack):
    stack.settings["MOODSTREAM_WORKERS"] = "2"  # what is given on the command line wins
    stack.compose("up", "--detach", "--wait", "--no-build", "--scale", "worker=4")
    workers = stack.containers("worker")
    assert len(workers) == 4
    before = {worker: stack.metrics(worker).get("moodstream_tasks_total", 0) for worker in workers}
    with loading(stack.page, "--streams", "4", "--fps", "4") as load:
        time.sleep(15)
        step = load.report()
    assert step["unanswered"] == 0, step
    done = [stack.metrics(worker)["moodstream_tasks_total"] - before[worker] for worker in workers]
    assert min(done) > sum(done) / 4 / 4, f"one worker did less than a quarter of its share: {done}"


def test_the_load_generator_of_compose_comes_in_through_the_page(stack: Stack):
    asked = ("--streams", "1,2", "--fps", "2", "--seconds", "4", "--faces", "2", "--size", "640x360")
    report = json.loads(stack.compose("run", "--rm", "--no-TTY", "load", *asked))
    assert [step["streams"] for step in report["steps"]] == [1, 2]
    for step in report["steps"]:
        assert step["answers"].get("ok"), step
        assert step["unanswered"] == step["streams broken"] == 0, step


def test_everything_may_crash_one_by_one_and_every_frame_is_answered(stack: Stack):
    with (
        loading(stack.page, "--streams", "2", "--fps", "2") as live,
        loading(stack.page, "--fps", "1", "--mode", "recorded") as recorded,
    ):
        for service in CRASHING:
            stack.crash(stack.containers(service)[0])
        time.sleep(5)
        of_live, of_recorded = live.report(), recorded.report()
    assert of_live["unanswered"] == 0, of_live
    assert of_live["answers"]["ok"] > of_live["sent"] / 3, of_live
    assert set(of_live["errors"]) <= {"queue_down", "overloaded", "classifier_failed"}, of_live
    assert of_recorded["answers"] == {"ok": of_recorded["sent"]}, (of_recorded, stack.complaints())


def test_each_service_is_upgraded_under_load_and_every_frame_is_answered(stack: Stack, images):
    stack.settings["MOODSTREAM_WORKERS"] = "4"
    config = stack.docker.inspect(images["worker"])["Config"]
    for name in ("worker", "frames", "detector", "page"):
        tag, _, _ = images[name].rpartition(":")
        file = {"worker": "worker/Dockerfile", "frames": "worker/frames.Dockerfile"}.get(name)
        file = file or {"detector": "detector_service/Dockerfile", "page": "frontend/Dockerfile"}[name]
        stack.docker.build(f"{tag}:{NEXT}", file, VERSION=NEXT)
    with (
        loading(stack.page, "--streams", "2", "--fps", "2") as live,
        loading(stack.page, "--fps", "1", "--mode", "recorded") as recorded,
    ):
        for service in UPGRADED:
            stack.upgrade(service, NEXT)
        time.sleep(5)
        of_live, of_recorded = live.report(), recorded.report()
    assert of_live["unanswered"] == 0, of_live
    assert of_live["answers"]["ok"] > of_live["sent"] / 2, of_live
    assert of_recorded["answers"] == {"ok": of_recorded["sent"]}, (of_recorded, stack.complaints())
    running = Counter(
        stack.docker.inspect(container)["Config"]["Labels"]["org.opencontainers.image.version"]
        for service in UPGRADED
        for container in stack.containers(service)
    )
    assert running == {NEXT: 8}
    assert config["Labels"]["org.opencontainers.image.version"] != NEXT


def test_prometheus_sees_every_container_and_the_dashboard_has_something_to_show(stack: Stack):
    stack.compose("--profile", "watch", "up", "--detach", "--no-build", "--no-deps", "prometheus")
    with (
        httpx.Client(
            base_url=f"http://127.0.0.1:{stack.settings['MOODSTREAM_PROMETHEUS_PORT']}", trust_env=False
        ) as ask,
        loading(stack.page, "--fps", "2") as load,
    ):
        expected = Counter({"detector": 1, "page": 1, "worker": 4, "worker-recorded": 1, "frames": 1})
        deadline = time.monotonic() + 90
        while (up := _up(ask)) != expected:
            assert time.monotonic() < deadline, f"{up} instead of {expected}"
            time.sleep(2)
        names = {rule["name"] for group in _get(ask, "rules")["groups"] for rule in group["rules"]}
        assert len(names) >= 8
        time.sleep(25)
        empty = [
            f"{panel['title']}: {target['expr']}"
            for panel in panels()
            for target in panel["targets"]
            if not _get(ask, "query", query=target["expr"].replace("$__rate_interval", "30s"))["result"]
        ]
        load.report()
    # What has not happened since the last start has no number yet.
    assert [text for text in empty if "refused" not in text and "Errors" not in text] == []


def _get(ask: httpx.Client, what: str, **parameters: str):
    return ask.get(f"/api/v1/{what}", params=parameters).raise_for_status().json()["data"]


def _up(ask: httpx.Client) -> Counter[str]:
    try:
        targets = _get(ask, "targets")["activeTargets"]
    except httpx.HTTPError:
        return Counter()
    return Counter(target["labels"]["job"] for target in targets if target["health"] == "up")


def test_over_https_the_page_and_its_socket_work(stack: Stack, tmp_path: Path):
    stack.compose("--profile", "tls", "up", "--detach", "--no-build", "--no-deps", "tls")
    page = f"https://localhost:{stack.settings['MOODSTREAM_HTTPS_PORT']}"
    (proxy,) = stack.containers("tls")
    root = tmp_path / "root.crt"
    deadline = time.monotonic() + 60
    while True:
        copied = stack.docker("exec", proxy, "cat", "/data/caddy/pki/authorities/local/root.crt", check=False)
        if "END CERTIFICATE" in copied:
            break
        assert time.monotonic() < deadline, stack.docker("logs", proxy)
        time.sleep(1)
    root.write_text(copied)
    trusted = ssl.create_default_context(cafile=root)
    while True:
        try:
            answer = httpx.get(f"{page}/readyz", verify=trusted, trust_env=False, timeout=20)
            break
        except httpx.ConnectError:  # The page's own certificate is signed a moment after the root's is written.
            assert time.monotonic() < deadline, stack.docker("logs", proxy)
            time.sleep(1)
    assert answer.json()["ready"] is True
    assert "max-age" in answer.headers["strict-transport-security"]
    with loading(page, "--fps", "2", SSL_CERT_FILE=str(root)) as load:
        time.sleep(5)
        step = load.report()
    assert step["unanswered"] == step["streams broken"] == 0, step
    assert step["answers"].get("ok"), step


def test_all_stop_cleanly_in_time_and_down_leaves_nothing(stack: Stack):
    every = stack.containers()
    began = time.monotonic()
    stack.compose("--profile", "*", "stop")
    assert time.monotonic() - began < 45
    for container in every:
        about = stack.docker.inspect(container)
        code, killed = about["State"]["ExitCode"], about["State"]["OOMKilled"]
        last = stack.docker("logs", "--tail", "40", container, both=True)
        assert (code, killed) in ((0, False), (143, False)), f"{about['Name']} ended with {code}:\n{last}"
    stack.compose("--profile", "*", "down", "--volumes")
    label = f"label=com.docker.compose.project={PROJECT}"
    assert stack.docker("ps", "--all", "--quiet", "--filter", label) == ""
    assert stack.docker("network", "ls", "--quiet", "--filter", label) == ""
    assert stack.docker("volume", "ls", "--quiet", "--filter", label) == ""
