"""One Docker and one set of images for all tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy import stand_ins
from tests.deploy.docker import Docker, docker
from tests.deploy.stack import Stack

#: While one build waits for packages, the other unpacks its own.
BUILDS_AT_ONCE = 2
VERSION, NEXT = "0.1.0-test1", "0.1.0-test2"


@pytest.fixture(scope="session")
def engine(tmp_path_factory) -> Iterator[Docker]:
    with docker(tmp_path_factory.mktemp("docker")) as engine:
        stand_ins.make(engine)
        yield engine


@pytest.fixture(scope="session")
def images(engine: Docker) -> dict[str, str]:
    """Service → tag of its image, each built from its own unmodified Dockerfile as Compose says; and `moodstream`."""
    config = json.loads(engine("compose", "--profile", "*", "config", "--format", "json", MOODSTREAM_VERSION=VERSION))
    tags = {"moodstream": f"moodstream:{VERSION}"}
    builds = {"moodstream": {"dockerfile": "Dockerfile", "args": {"VERSION": VERSION}}}
    for name, service in config["services"].items():
        if "build" in service and service["image"] not in tags.values():
            tags[name], builds[name] = service["image"], service["build"]
    with ThreadPoolExecutor(BUILDS_AT_ONCE) as pool:
        for built in [
            pool.submit(engine.build, tags[name], build["dockerfile"], **build["args"])
            for name, build in builds.items()
        ]:
            built.result()
    return tags


@pytest.fixture(scope="module")
def stack(engine: Docker, images: dict[str, str]) -> Iterator[Stack]:
    """Compose, up and ready with one worker, until the module ends."""
    with Stack.up(engine, VERSION) as stack:
        yield stack
