"""What is no task ends no worker, on a real server."""

from __future__ import annotations

import json
import logging

import pytest
from kombu import Consumer, Queue

from moodstream.wire import FACES, celery_options
from worker.app import make_app
from worker.channel import TaskTransport
from worker.live import serve_live

RUBBISH = (b"rubbish", b"\xff\xfe", b"3", b"{}", b'{"body": 1}', json.dumps({"body": "!", "properties": {}}).encode())


@pytest.fixture(params=[lambda app: None, serve_live], ids=["ordinary", "live"])
def app(app, client, request):
    port = client.connection_pool.connection_kwargs["port"]
    app.conf.update(
        celery_options(f"redis://127.0.0.1:{port}/0", 30), broker_transport=make_app().conf.broker_transport
    )
    request.param(app)
    return app


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_what_is_no_task_is_told_and_dropped_and_the_next_message_is_taken(app, client, caplog, rubbish):
    taken = []
    with app.connection_for_read() as connection:
        assert isinstance(connection.transport, TaskTransport)
        queue = Queue(FACES, channel=connection.default_channel)
        queue.declare()
        client.lpush(FACES, rubbish)
        with connection.Producer() as producer:
            producer.publish({"good": True}, routing_key=FACES, serializer="json")
        with Consumer(connection, [queue], callbacks=[lambda body, message: taken.append(body)]):
            connection.drain_events(timeout=5)
            assert taken == []
            connection.drain_events(timeout=5)
    assert taken == [{"good": True}]
    (record,) = [record for record in caplog.records if record.name == "worker.channel"]
    assert (record.levelno, "could not be handled" in record.message) == (logging.ERROR, True)
