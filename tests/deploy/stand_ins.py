"""Base images made here, under the names that the Dockerfiles and Compose ask for, where no registry can be reached."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml

from moodstream.local import valkey_command
from tests.deploy.docker import CACHE, ROOT, Docker

HERE = Path(__file__).parent / "images"
_PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"


def make(docker: Docker) -> None:
    """Everything that the images and Compose files start from."""
    if not _is_there(docker, "python:3.11-slim"):
        docker("import", str(_debian()), "local/debian")
        with tempfile.TemporaryDirectory() as context:
            shutil.copy("/etc/ssl/certs/ca-certificates.crt", context)
            docker.build("python:3.11-slim", HERE / "base.Dockerfile", context)
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for service, file in (("redis", "valkey"), ("prometheus", "prometheus"), ("tls", "caddy")):
        tag = services[service]["image"]
        if not _is_there(docker, tag):
            with tempfile.TemporaryDirectory() as context:
                shutil.copy(valkey_command(6379)[0], Path(context) / "valkey-server")
                docker.build(tag, HERE / f"{file}.Dockerfile", context)


def _is_there(docker: Docker, tag: str) -> bool:
    return docker.answers("image", "inspect", tag) or (not docker.started_here and docker.answers("pull", "-q", tag))


def _debian() -> Path:
    """A Debian 12 with Python 3.11, as a tarball; made once."""
    tarball = CACHE / "debian.tar"
    if not tarball.exists():
        fresh = tarball.with_suffix(".part.tar")
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", str(fresh)],
            check=True,
            timeout=600,
        )
        fresh.rename(tarball)
    return tarball
