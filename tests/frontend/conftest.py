from __future__ import annotations

from collections.abc import Iterator

import pytest

from frontend.shelf import Shelf


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    made = Shelf()
    yield made
    made.close()
