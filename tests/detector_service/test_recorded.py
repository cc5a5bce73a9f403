"""Recorded frames: in order, none dropped, a window under way; and work that Redis or a worker lost comes back."""

import asyncio
import json

import pytest
import pytest_asyncio

from detector_service import patient
from detector_service.metrics import Metrics
from detector_service.patient import PatientDispatcher, QueueDown, TaskFailed
from detector_service.recorded import Place, RecordedFlow, RecordedService
from detector_service.session import Session
from detector_service.stream import Stream
from moodstream.settings import Settings
from moodstream.types import FrameReading
from moodstream.wire import RECORDED, pack_frame


class Service:
    """Answers each frame when the test says so."""

    def __init__(self):
        self.begun, self.go = [], {}

    async def read(self, picture, frame, captured_ms, place, *, embeddings=False):
        self.begun.append(frame)
        await self.go.setdefault(frame, asyncio.Event()).wait()
        return FrameReading(frame, captured_ms)

    def let(self, *frames):
        for frame in frames:
            self.go.setdefault(frame, asyncio.Event()).set()


async def turn():
    for _ in range(10):
        await asyncio.sleep(0)


async def send(flow, frames):
    for number in frames:
        await flow.frame(number, number, b"")


async def test_a_window_is_under_way_and_answers_come_in_order():
    service, said = Service(), []

    async def deliver(answer):
        said.append(answer.frame)

    flow = RecordedFlow(service, deliver, window=3)
    sending = asyncio.create_task(send(flow, range(6)))
    await turn()
    assert service.begun == [0, 1, 2], "no more is read than the window"
    service.let(2, 1)
    await turn()
    assert (said, service.begun) == ([], [0, 1, 2])
    service.let(0)
    await turn()
    assert said == [0, 1, 2]
    service.let(3, 4, 5)
    await sending
    await flow.finish()
    assert said == [0, 1, 2, 3, 4, 5]


async def test_a_client_that_went_away_ends_the_flow():
    service = Service()

    async def deliver(answer):
        raise OSError("gone")

    flow = RecordedFlow(service, deliver, window=1)
    sending = asyncio.create_task(send(flow, range(3)))
    await turn()
    service.let(0)
    with pytest.raises(OSError, match="gone"):
        await asyncio.wait_for(sending, 1)
    await asyncio.wait_for(flow.close(), 1)


async def test_a_hello_chooses_the_mode_and_waits_for_what_was_sent_before():
    service, said = Service(), []
    service.recorded = service

    async def hear(text):
        said.append(json.loads(text)["frame"])

    stream = Stream(service, hear, 5.0, Session(individual=True, group_min=5))
    await stream.hello('{"v": 1, "mode": "recorded", "window": 2}')
    await stream.frame(pack_frame(1, 10, b"picture"))
    again = asyncio.create_task(stream.hello('{"v": 1, "mode": "live"}'))
    await turn()
    assert not again.done()
    service.let(1)
    await asyncio.wait_for(again, 1)
    assert said == [1]
    await stream.hello('{"v": 1, "mode": "recorded", "window": 1}')
    await stream.frame(pack_frame(2, 10, b"picture"))
    blocked = asyncio.create_task(stream.frame(pack_frame(3, 10, b"picture")))
    await turn()
    assert not blocked.done() and service.begun == [1, 2]
    await asyncio.wait_for(stream.close(), 1)
    blocked.cancel()


@pytest.fixture
def options(url):
    return Settings(redis_url=url)


@pytest_asyncio.fixture
async def dispatcher(options, monkeypatch):
    monkeypatch.setattr(patient, "_ASK_EVERY_S", 0.2)
    monkeypatch.setattr(patient, "_TRY_AGAIN_S", 0.05)
    dispatcher = PatientDispatcher(options)
    await dispatcher.start()
    yield dispatcher
    await dispatcher.close()


@pytest.fixture
def recorded_worker(options, make_worker):
    return make_worker(options.recorded_redis, RECORDED)


async def test_recorded_work_has_no_deadline(dispatcher, recorded_worker):
    reply = await asyncio.wait_for(dispatcher.classify(bytes(2304), 1), 5)
    assert reply["model"] == "fake"
    assert set(recorded_worker.seen) == {("moodstream.classify", 2304, 1, None)}


async def test_work_that_the_server_forgot_is_sent_again(dispatcher, options, make_worker, server):
    waiting = asyncio.create_task(dispatcher.classify(bytes(2304), 1))
    client = server.client()
    client.select(1)
    async with asyncio.timeout(3):
        while not client.llen(RECORDED):
            await asyncio.sleep(0.01)
    client.flushall()
    make_worker(options.recorded_redis, RECORDED)
    assert (await asyncio.wait_for(waiting, 5))["model"] == "fake"
    client.close()


async def test_a_failing_task_is_not_done_again(dispatcher, recorded_worker):
    recorded_worker.reply = {"status": "FAILURE", "result": {"exc_type": "ValueError", "exc_message": ["no"]}}
    with pytest.raises(TaskFailed, match="ValueError"):
        await dispatcher.classify(bytes(2304), 1)
    assert len(recorded_worker.seen) == 1


async def test_patience_has_an_end(options, monkeypatch):
    monkeypatch.setattr(patient, "_TRY_AGAIN_S", 0.05)
    short = options.model_copy(update={"recorded_patience_s": 0.3})
    dispatcher = PatientDispatcher(short)
    await dispatcher.start()
    with pytest.raises(TimeoutError):
        await dispatcher.classify(bytes(2304), 1)
    await dispatcher.close()
    dispatcher = PatientDispatcher(short.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"}))
    await dispatcher.start()
    with pytest.raises(QueueDown):
        await dispatcher.classify(bytes(2304), 1)
    await dispatcher.close()


async def test_pictures_become_answers_and_refusals(options, recorded_worker, model_files, astronaut):
    service = RecordedService(options, Metrics())
    await service.start()
    place = Place()
    answers = await asyncio.gather(
        *(service.read(picture, n, 100 * n, place) for n, picture in enumerate([astronaut, b"rubbish", astronaut]))
    )
    await service.close()
    assert [(a.frame, a.captured_ms, a.status) for a in answers] == [(0, 0, "ok"), (1, 100, "error"), (2, 200, "ok")]
    assert answers[1].error.code == "not_a_picture"
    assert answers[0].readings[0].label == "happy"
    assert answers[0].timings_ms["queue"] >= 0
