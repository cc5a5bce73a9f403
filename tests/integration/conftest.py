"""One started product for all tests that do not break it."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import pytest
from skimage.data import astronaut

from tests.running import Running, moodstream_up


@pytest.fixture(scope="session")
def picture() -> bytes:
    """JPEG of scikit-image's public-domain portrait."""
    return cv2.imencode(".jpg", cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR))[1].tobytes()


@pytest.fixture(scope="session")
def product() -> Iterator[Running]:
    with moodstream_up("--workers", "1") as running:
        yield running
