"""What is tried on the cluster, one function each; every one gives the figures that it saw."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from bench.cluster.kit import HERE, NAMESPACE, Kit, rendered, say, wait_for
from bench.path import frame_with_one_face

VERSION, NEXT = "0.1.0", "0.1.1"
#: Image → its Dockerfile; Deployment → its image.
IMAGES = {
    "frontend": "frontend/Dockerfile",
    "detector": "detector_service/Dockerfile",
    "worker": "worker/Dockerfile",
    "frames": "worker/frames.Dockerfile",
}
DEPLOYMENTS = {
    "live-worker": "worker",
    "recorded-worker": "worker",
    "frame-worker": "frames",
    "detector": "detector",
    "page": "frontend",
}
#: The class that comes and goes under the autoscaler's eyes.
CLASS = {"streams": 1, "faces": 25, "fps": 4, "seconds": 240}
PAGE, DETECTOR = f"http://page.{NAMESPACE}", f"http://detector.{NAMESPACE}:8000"
QUEUE = f"redis://:local@redis-live.{NAMESPACE}:6379/0"
REDIS_IMAGE = "valkey/valkey:8.1-bookworm"


def images(kit: Kit) -> dict[str, Any]:
    """The images that the manifests name, from the unmodified Dockerfiles, and a second build of each."""
    kit.run("image")
    kit.run("image", "redis", REDIS_IMAGE)
    took = {}
    for name, dockerfile in IMAGES.items():
        began = time.monotonic()
        for version in (VERSION, NEXT):
            kit.build(dockerfile, f"moodstream/{name}:{version}", version)
        took[name] = round(time.monotonic() - began)
        say(f"image {name}: {took[name]} s")
    return {"build_s": took}


def install(kit: Kit) -> dict[str, Any]:
    """Apply, wait until a frame would be answered, and send one through the Service."""
    began = time.monotonic()
    kit.apply(HERE / "overlay")
    for name in DEPLOYMENTS:
        rollout(kit, name, 600)
    took = round(time.monotonic() - began, 1)
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        Path(file.name).write_bytes(frame_with_one_face())
        words = ["curl", "-sf", "-m", "20", "--data-binary", f"@{file.name}", f"{DETECTOR}/v1/frames"]
        answer = json.loads(kit.run("inside", *words, "-H", "Content-Type: image/jpeg"))
    (face,) = answer["faces"]
    said = {"status": answer["status"], "label": face["label"], "model": answer["model"]}
    return {"apply_until_ready_s": took, "answer_through_the_service": said, "pods": len(kit.get("pods")["items"])}


def autoscale(kit: Kit) -> dict[str, Any]:
    """Live workers under a class that comes and goes, followed by the controller manager's own autoscaler."""
    bodies = [b for b in yaml.safe_load_all(rendered(HERE / "overlay")) if b["metadata"]["name"] == "live-worker"]
    kit.metrics()
    wait_for("one live worker", lambda: ready(kit, "live-worker") == 1, 300)
    began, since, seen = time.monotonic(), datetime.now(UTC), []
    sender = load(kit, **CLASS)

    def note() -> tuple[int, int]:
        status = kit.get("deployment", "live-worker")
        counts = (status["spec"]["replicas"], status["status"].get("readyReplicas", 0))
        if not seen or seen[-1]["wanted_ready"] != list(counts):
            at = round(time.monotonic() - began, 1)
            seen.append({"s": at, "wanted_ready": list(counts)})
            say(f"live workers: {seen[-1]}")
        return counts

    up = wait_for("five live workers", lambda: note() == (5, 5), 230)
    starts = start_times(kit, "live-worker", since)
    while sender.poll() is None:
        note()
        time.sleep(1)
    ended = time.monotonic()
    say("the load ended")
    wait_for("one live worker again", lambda: note() == (1, 1), 600)
    return {
        "from_1_to_5_s": round(up, 1),
        "load_ended_s": round(ended - began, 1),
        "load_end_until_1_s": round(time.monotonic() - ended, 1),
        "pod_start_s": starts,
        "changes": seen,
        "demand": kit.demand_since(time.monotonic() - began),
        "class": CLASS,
        "rule": next(body for body in bodies if body["kind"] == "HorizontalPodAutoscaler"),
        "worker_cores": next(
            body["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"]
            for body in bodies
            if body["kind"] == "Deployment"
        ),
        "load": report(sender),
    }


def rolling(kit: Kit) -> dict[str, Any]:
    """Each service replaced by its second build while frames come."""
    as_shipped(kit)
    figures = {}
    for name, image in DEPLOYMENTS.items():
        with under_load(kit, name) as figure:
            began = time.monotonic()
            kit.kubectl("-n", NAMESPACE, "set", "image", f"deployment/{name}", f"{name}=moodstream/{image}:{NEXT}")
            rollout(kit, name, 300)
            figure["rollout_s"] = round(time.monotonic() - began, 1)
        figures[name] = figure
        say(f"rolled {name}: {figure}")
    return figures


def node_lost(kit: Kit) -> dict[str, Any]:
    """One pod of each Deployment is deleted by force while frames come: no farewell, killed within two seconds."""
    as_shipped(kit)
    with under_load(kit, "page") as figure:
        victims = []
        for name in DEPLOYMENTS:
            pods = kit.get("pods", "-l", f"app.kubernetes.io/name={name}")["items"]
            victims.append(pods[0]["metadata"]["name"])
        began = time.monotonic()
        kit.kubectl("-n", NAMESPACE, "delete", "pod", "--force", "--grace-period=0", *victims)
        for name in DEPLOYMENTS:
            rollout(kit, name, 300)
        figure |= {"pods": len(victims), "all_ready_again_s": round(time.monotonic() - began, 1)}
    return figure


def as_shipped(kit: Kit) -> None:
    """Live workers with the processor time and the least number that the manifests ship."""
    patch = json.dumps({"spec": {"minReplicas": 2}})
    kit.kubectl("-n", NAMESPACE, "patch", "hpa", "live-worker", "-p", patch)
    kit.kubectl("-n", NAMESPACE, "set", "resources", "deployment/live-worker", "--limits=cpu=1")
    wait_for("two live workers", lambda: ready(kit, "live-worker") >= 2, 300)
    rollout(kit, "live-worker", 300)


@contextmanager
def under_load(kit: Kit, name: str, seconds: int = 60) -> Iterator[dict[str, Any]]:
    """Senders that suit a service; what became of their frames is added to the figure when they are done."""
    if name == "frame-worker":
        words = f"-m bench.cluster.frames {QUEUE} {seconds}"
        sender = kit.start("frames", sys.executable, *words.split(), stdout=subprocess.PIPE)
    else:
        mode = "recorded" if name == "recorded-worker" else "live"
        sender = load(kit, streams=3, faces=4, fps=2, seconds=seconds, mode=mode, size="640x480")
    time.sleep(15)
    figure: dict[str, Any] = {}
    yield figure
    figure["ended_under_load"] = sender.poll() is None
    figure["load"] = report(sender)


def load(
    kit: Kit, *, streams: int, faces: int, fps: float, seconds: int, mode: str = "live", size: str = "1280x720"
) -> subprocess.Popen[str]:
    """Simulated participants who come through the page's Service."""
    words = f"{PAGE} --streams {streams} --faces {faces} --fps {fps} --seconds {seconds} --mode {mode} --size {size}"
    return kit.start("load", sys.executable, "-m", "bench.load", *words.split(), stdout=subprocess.PIPE)


def report(sender: subprocess.Popen[str]) -> dict[str, Any]:
    """What a sender printed."""
    output, _ = sender.communicate(timeout=600)
    if sender.returncode:
        raise RuntimeError(f"the sender of frames ended with {sender.returncode}; its log says why")
    told = json.loads(output)
    return dict(told["steps"][0] if "steps" in told else told)


def rollout(kit: Kit, name: str, within_s: int) -> None:
    kit.kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/{name}", f"--timeout={within_s}s")


def ready(kit: Kit, name: str) -> int:
    return int(kit.get("deployment", name)["status"].get("readyReplicas", 0))


def start_times(kit: Kit, name: str, since: datetime) -> list[float]:
    """Seconds from the making of each pod until it was ready, for those made since then."""
    times = []
    for pod in kit.get("pods", "-l", f"app.kubernetes.io/name={name}")["items"]:
        made = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
        if made > since:
            (at,) = (c["lastTransitionTime"] for c in pod["status"]["conditions"] if c["type"] == "Ready")
            times.append((datetime.fromisoformat(at) - made).total_seconds())
    return sorted(times)
