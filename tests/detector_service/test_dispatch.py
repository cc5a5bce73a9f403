"""Crops out, answers back, over a real server; and quick, honest failures without one."""

import asyncio
import time

import pytest
import pytest_asyncio

from detector_service.dispatch import DeadlinePassed, Dispatcher, QueueDown, TaskFailed
from moodstream.settings import Settings


@pytest_asyncio.fixture
async def dispatcher(url):
    dispatcher = Dispatcher(Settings(redis_url=url))
    await dispatcher.start()
    yield dispatcher
    await dispatcher.close()


def soon(seconds=3.0):
    return time.monotonic() + seconds


async def test_many_at_a_time_each_get_their_answer(dispatcher, worker):
    sizes = range(1, 21)
    replies = await asyncio.gather(*(dispatcher.classify(bytes(n * 2304), n, soon()) for n in sizes))
    assert [len(reply["probabilities"]) for reply in replies] == list(sizes)
    task, size, n, deadline = worker.seen[0]
    assert task == "moodstream.classify" and size == 2304 * n
    assert 0 < deadline - time.time() * 1000 < 3500  # the test's clock is the server's


async def test_a_crowd_travels_as_several_messages_and_comes_back_in_order(url, make_worker):
    dispatcher = Dispatcher(Settings(redis_url=url, message_faces=4))
    await dispatcher.start()
    worker = make_worker(url)
    worker.read = lambda crop: crop[0] / 100
    crops = b"".join(bytes([number]) * 2304 for number in range(10))
    reply = await dispatcher.classify(crops, 10, soon(), embeddings=True)
    assert [row[3] for row in reply["probabilities"]] == [number / 100 for number in range(10)]
    assert reply["embeddings"] == bytes(range(10))
    assert sorted(n for _, _, n, _ in worker.seen) == [3, 3, 4]
    assert reply["model"] == "fake"
    worker.reply = {"status": "FAILURE", "result": {"exc_type": "ValueError", "exc_message": ["no"]}}
    with pytest.raises(TaskFailed, match="ValueError"):
        await dispatcher.classify(crops, 10, soon())
    assert dispatcher._link._waiting == {}
    await dispatcher.close()


async def test_nobody_answers(dispatcher):
    began = time.monotonic()
    with pytest.raises(DeadlinePassed):
        await dispatcher.classify(bytes(2304), 1, soon(0.2))
    assert time.monotonic() - began < 1
    assert dispatcher._link._waiting == {}


async def test_a_worker_that_fails(dispatcher, worker):
    worker.reply = {"status": "FAILURE", "result": {"exc_type": "ValueError", "exc_message": ["no"]}}
    with pytest.raises(TaskFailed, match="ValueError"):
        await dispatcher.classify(bytes(2304), 1, soon())


async def test_an_answer_missed_while_the_connection_was_cut_is_looked_up(dispatcher, worker, server):
    await dispatcher.classify(bytes(2304), 1, soon())
    client = worker.client
    waiting = asyncio.create_task(dispatcher.classify(bytes(2304), 1, soon()))
    client.client_kill_filter(_type="pubsub")
    assert (await waiting)["model"] == "fake"
    assert (await dispatcher.classify(bytes(2304), 1, soon()))["model"] == "fake"


async def test_without_a_server_the_refusal_is_quick():
    dispatcher = Dispatcher(Settings(redis_url="redis://127.0.0.1:9/0"))
    await dispatcher.start()
    began = time.monotonic()
    with pytest.raises(QueueDown):
        await dispatcher.classify(bytes(2304), 1, soon())
    assert time.monotonic() - began < 2
    assert not dispatcher.connected
    await dispatcher.close()
