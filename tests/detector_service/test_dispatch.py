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
