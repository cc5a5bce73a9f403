"""What the images hold, how large they are, and how they behave with nothing but themselves."""

from __future__ import annotations

import ast
import shutil
import subprocess
import time

import httpx
import pytest
import yaml

from moodstream.local import free_port
from tests.deploy.conftest import VERSION
from tests.deploy.docker import ROOT
from tests.deploy.stack import loading

pytestmark = pytest.mark.timeout(1800)

NAMES = ["detector", "page", "worker", "frames", "load", "moodstream"]
SERVICES = [name for name in NAMES if name != "load"]
#: Megabytes above the base that an image may add.
LIMITS_MB = {"worker": 250, "detector": 450, "frames": 450}
#: Folders that an image serves, without those that it only carries along.
PACKAGES = {
    "detector": ["detector_service"],
    "page": ["frontend"],
    "worker": ["classifier_service"],
    "moodstream": ["moodstream", "frontend", "detector_service", "classifier_service", "worker"],
}
#: MediaPipe, which needs a stand-in (detectors/undrawn.py), is proved by detecting; Parquet is an extra.
NOT_NEEDED = {"detector_service.detectors.mediapipe", "mediapipe", "mediapipe.tasks.python"}
NOT_NEEDED |= {"mediapipe.tasks.python.vision", "pyarrow", "pyarrow.parquet"}
LOOK = """
for program in gcc cc g++ make; do command -v $program; done
ls -d /root/.cache /opt/venv/bin/pip* /opt/venv/lib/python3*/site-packages/pip 2>/dev/null
ls -d /app/.git /app/locks /app/tests 2>/dev/null
find /app -name '*Dockerfile*' -o -name '.env*'
touch /app/written /opt/venv/written 2>/dev/null && echo may write
true
"""


def size_mb(engine, tag: str) -> float:
    return engine.inspect(tag)["Size"] / 1e6


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_lean_hardened_and_says_what_it_is(engine, images, name):
    known = engine.inspect(images[name])
    config = known["Config"]
    user, _, group = config["User"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    command = config["Entrypoint"] or config["Cmd"]
    assert command[0] == "python", f"not in exec form: {command}"
    if name in SERVICES:
        assert config["Healthcheck"]["Test"][0] == "CMD"
        assert config["Healthcheck"]["Test"][-1].endswith("/livez")
    labels = config["Labels"]
    assert labels["org.opencontainers.image.version"] == VERSION
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert not any("PASSWORD" in entry or "SECRET" in entry for entry in config["Env"])
    found = engine("run", "--rm", "--network", "none", "--entrypoint", "sh", images[name], "-c", LOOK).split("\n")
    assert [line for line in found if line] == []


def test_the_dockerfiles_keep_the_rules_of_their_craft():
    hadolint = shutil.which("hadolint", path=str(ROOT / ".venv" / "bin"))
    if hadolint is None:
        pytest.skip("hadolint is not here: .venv/bin/pip install --no-deps -r locks/cluster.txt")
    files = [file for file in ROOT.glob("**/*Dockerfile") if ".venv" not in file.parts and "tests" not in file.parts]
    assert len(files) == 6
    # A version of Debian's binutils that is pinned here would be gone with the next point release.
    done = subprocess.run([hadolint, "--ignore", "DL3008", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", PACKAGES)
def test_an_image_holds_all_that_its_modules_import(engine, images, name):
    """Also what is only imported when it is first needed, which no start would show."""
    files = [file for package in PACKAGES[name] for file in (ROOT / package).rglob("*.py")]
    wanted = {
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    modules = sorted(filter(None, wanted - NOT_NEEDED))
    engine("run", "--rm", "--network", "none", images[name], "python", "-c", program, *modules)


@pytest.mark.parametrize("name", LIMITS_MB)
def test_an_image_adds_no_more_than_it_may(engine, images, name, record_property):
    added = size_mb(engine, images[name]) - size_mb(engine, "python:3.11-slim")
    record_property("megabytes", round(added))
    assert added <= LIMITS_MB[name], f"{name} adds {added:.0f} MB"


def test_everything_in_one_container(engine, images):
    port = free_port(27900)
    options = ["--read-only", "--tmpfs", "/tmp:mode=1777", "--cap-drop", "ALL", "--publish", f"127.0.0.1:{port}:7860"]
    container = engine("run", "--detach", *options, images["moodstream"]).strip()
    page = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 150
        while not _ready(page):
            assert time.monotonic() < deadline, engine("logs", "--tail", "40", container)
            time.sleep(1)
        with loading(page, "--fps", "2") as load:
            time.sleep(5)
            step = load.report()
        assert step["unanswered"] == 0, step
        assert step["answers"].get("ok", 0) > 0, step
        began = time.monotonic()
        engine("stop", "--time", "20", container)
        assert time.monotonic() - began < 15
        assert engine.inspect(container)["State"]["ExitCode"] == 0
    finally:
        engine("rm", "--force", "--volumes", container)


def _ready(page: str) -> bool:
    try:
        return httpx.get(f"{page}/readyz", timeout=3, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def test_the_space_is_told_the_port_that_the_image_opens(engine, images):
    head = (ROOT / "space" / "README.md").read_text().split("---\n")[1]
    told = yaml.safe_load(head)
    assert told["sdk"] == "docker"
    assert engine.inspect(images["moodstream"])["Config"]["ExposedPorts"] == {f"{told['app_port']}/tcp": {}}
