"""Live tasks take the short way through a real worker, and Celery's where more is asked or something fails."""

from __future__ import annotations

import time

import pytest
from celery.contrib.testing.worker import start_worker
from celery.signals import task_prerun

from moodstream import logs
from moodstream.wire import celery_options
from worker import metrics
from worker.live import serve_live


@pytest.fixture
def worker(app, client):
    """A worker on the queue ``faces`` in a thread; what it ran, and by which ids Celery's way was taken."""
    port = client.connection_pool.connection_kwargs["port"]
    app.conf.update(celery_options(f"redis://127.0.0.1:{port}/0", 30), task_default_queue="faces")
    serve_live(app)
    app.ran, app.usual = [], []

    @app.task(name="read", shared=False)
    def read(number, status="ok"):
        app.ran.append((number, logs._frame.get()))
        if number < 0:
            raise ValueError(f"{number} is no number of crops")
        return {"status": status, "number": number}

    def note(task_id, **_):
        app.usual.append(task_id)

    task_prerun.connect(note)
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="WARNING", queues=["faces"]):
        yield app
    task_prerun.disconnect(note)


def count(status):
    return metrics.tasks.labels("read", status)._value.get()


def test_a_plain_task_is_run_and_answered_the_short_way(worker):
    before = count("stale")
    answer = worker.send_task("read", (3, "stale"), headers={"moodstream_frame": 41})
    assert answer.get(timeout=10) == {"status": "stale", "number": 3}
    assert (worker.ran, worker.usual) == ([(3, 41)], [])
    assert worker.backend.get_task_meta(answer.id)["children"] == []
    assert eventually(lambda: count("stale") == before + 1 and metrics.busy_for() is None)
    assert answer.id not in metrics.in_hand.queues


def test_what_fails_is_told_by_celery_and_counted_once(worker):
    before = count("failed"), count("ok")
    answer = worker.send_task("read", (-2,))
    with pytest.raises(ValueError, match="-2 is no number of crops"):
        answer.get(timeout=10)
    assert worker.usual == [answer.id]
    assert eventually(lambda: (count("failed"), count("ok")) == (before[0] + 1, before[1]))
    assert worker.send_task("read", (5,)).get(timeout=10)["number"] == 5


def test_what_asks_for_more_goes_celerys_way(worker):
    linked = worker.send_task("read", (1,), link=worker.signature("read", (2,), immutable=True))
    later = worker.send_task("read", (3,), countdown=0.2)
    assert linked.get(timeout=10)["number"] == 1
    assert later.get(timeout=10)["number"] == 3
    assert eventually(lambda: sorted(number for number, _ in worker.ran) == [1, 2, 3])
    assert {linked.id, later.id} <= set(worker.usual)


def test_a_revoked_task_is_not_run(worker):
    # A broadcast before the worker listens for them is lost, so it is repeated until the worker has answered.
    assert eventually(lambda: worker.control.revoke("some-id", reply=True, timeout=1))
    worker.send_task("read", (1,), task_id="some-id")
    assert worker.send_task("read", (2,)).get(timeout=10)["number"] == 2
    assert [number for number, _ in worker.ran] == [2]


@pytest.mark.parametrize("body", [b"no list", [1, 2], {"args": [1]}, [[1], {}, "links"]])
def test_a_message_with_a_strange_body_ends_nothing(worker, body):
    with worker.producer_pool.acquire() as producer:
        producer.publish(body, routing_key="faces", headers={"task": "read", "id": "strange"}, serializer="msgpack")
    assert worker.send_task("read", (2,)).get(timeout=10)["number"] == 2


def eventually(holds) -> bool:
    until = time.monotonic() + 5
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()
