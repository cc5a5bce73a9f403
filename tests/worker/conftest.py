"""A Celery app of a test's own."""

from __future__ import annotations

from collections.abc import Iterator

import celery
import pytest


@pytest.fixture
def app() -> Iterator[celery.Celery]:
    """An app to be pointed somewhere; its connections are closed, which Celery would leave to the garbage collector."""
    app = celery.Celery(set_as_current=False)
    yield app
    app.backend.result_consumer.stop()
    app.backend.client.connection_pool.disconnect()
    with app.pool.acquire() as connection:
        connection.close()
    app.close()
