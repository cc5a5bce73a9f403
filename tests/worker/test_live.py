"""Live messages are taken for good, and their results written in one trip, on a real server."""

from __future__ import annotations

import msgpack
import pytest
from kombu import Consumer, Queue

from moodstream.wire import FACES, celery_options
from worker import live
from worker.live import LiveResults, LiveTransport, serve_live


@pytest.fixture
def app(app, client):
    port = client.connection_pool.connection_kwargs["port"]
    app.conf.update(celery_options(f"redis://127.0.0.1:{port}/0", 30))
    serve_live(app)
    return app


def test_a_result_is_stored_for_a_while_and_published(app, client):
    assert isinstance(app.backend, LiveResults)
    with client.pubsub() as channel:
        channel.subscribe("celery-task-meta-some-id")
        assert channel.get_message(timeout=5)["type"] == "subscribe"
        app.backend.store_result("another", None, "SUCCESS")  # connects
        before = client.info("stats")["total_reads_processed"]
        app.backend.store_result("some-id", {"status": "ok"}, "SUCCESS")
        trips = client.info("stats")["total_reads_processed"] - before
        stored = client.get("celery-task-meta-some-id")
        assert channel.get_message(timeout=5)["data"] == stored
    meta = msgpack.unpackb(stored)
    assert (meta["task_id"], meta["status"], meta["result"]) == ("some-id", "SUCCESS", {"status": "ok"})
    assert 0 < client.ttl("celery-task-meta-some-id") <= 30
    assert trips == 2  # one for the result, one for this question
    assert app.AsyncResult("some-id").get(timeout=5) == {"status": "ok"}


def test_a_failure_is_told_too(app, client):
    app.backend.store_result("some-id", ValueError("3 crops are too many"), "FAILURE")
    with pytest.raises(ValueError, match="3 crops are too many"):
        app.AsyncResult("some-id").get(timeout=5)


def test_messages_are_taken_one_at_a_time_and_nothing_is_kept_of_them(app, client):
    taken = []
    with app.connection_for_read() as connection:
        assert isinstance(connection.transport, LiveTransport)
        queue = Queue(FACES, channel=connection.default_channel)
        queue.declare()
        with connection.Producer() as producer:
            for number in range(3):
                producer.publish({"number": number}, routing_key=FACES, serializer="json")
        with Consumer(connection, [queue], callbacks=[lambda body, message: taken.append((body["number"], message))]):
            connection.drain_events(timeout=5)
            assert client.llen(FACES) == 2
            taken[0][1].ack()
            connection.drain_events(timeout=5)
    assert [number for number, _ in taken] == [0, 1]
    assert client.keys("*unacked*") == []


@pytest.fixture
def answered(app, client):
    """Numbers of three waiting messages, each answered when taken, and a call that turns the event loop once."""
    numbers = []
    app.backend.store_result("an-earlier-one", None, "SUCCESS")  # connects

    def answer(body, _):
        numbers.append((body["number"], client.llen(FACES)))
        app.backend.store_result(str(body["number"]), {"status": "ok"}, "SUCCESS")

    with app.connection_for_read() as connection:
        queue = Queue(FACES, channel=connection.default_channel)
        queue.declare()
        with connection.Producer() as producer:
            for number in range(3):
                producer.publish({"number": number}, routing_key=FACES, serializer="json")
        with Consumer(connection, [queue], callbacks=[answer]):
            yield numbers, lambda: connection.drain_events(timeout=5)


def test_an_answer_brings_the_next_message_once_a_worker_is_free_for_it(answered, client):
    numbers, turn = answered
    turn()
    assert numbers == [(0, 2), (1, 1), (2, 0)]  # none is taken while another is in hand
    assert client.info("commandstats")["cmdstat_brpop"]["calls"] == 1
    assert [client.exists(f"celery-task-meta-{number}") for number in range(3)] == [1, 1, 1]


def test_a_busy_worker_looks_up_from_its_messages(answered, client, monkeypatch):
    monkeypatch.setattr(live, "TURN_S", 0.0)
    numbers, turn = answered
    turn()
    assert numbers == [(0, 2), (1, 1)]
    assert client.llen(FACES) == 1
    turn()
    assert numbers[2] == (2, 0)


def test_a_worker_stops_quietly_while_it_waits_for_messages(app, client):
    with app.connection_for_read() as connection:
        queue = Queue(FACES, channel=connection.default_channel)
        queue.declare()
        with Consumer(connection, [queue], callbacks=[lambda body, message: None]), pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.2)
        assert [one["cmd"] for one in client.client_list()].count("brpop") == 1


def test_a_result_outlives_a_lost_connection(app, client):
    app.backend.store_result("before", {"status": "ok"}, "SUCCESS")
    client.client_kill_filter(_type="normal", skipme=True)
    app.backend.store_result("after", {"status": "ok"}, "SUCCESS")
    assert client.exists("celery-task-meta-after") == 1
