"""What the tests of the client side talk to."""

from __future__ import annotations

import pytest

from tests.recorded_detector import RecordedDetector


@pytest.fixture
def detector():
    detector = RecordedDetector()
    yield detector
    detector.stop()
