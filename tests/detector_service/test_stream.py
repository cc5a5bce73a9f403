"""The stream answers every frame exactly once, newest first, whatever the service does."""

import asyncio
import json

import pytest

from detector_service.session import Session
from detector_service.stream import NoHello, Stream
from moodstream.types import Face, FrameReading, Reading
from moodstream.wire import pack_frame

HELLO = '{"v": 1, "mode": "live", "view": "individual"}'


class Service:
    """Answers a frame when the test lets it."""

    recorded = None

    def __init__(self):
        self.begun, self.go, self.fail = [], asyncio.Event(), None
        self.asked_embeddings, self.readings = [], ()

    async def read(self, picture, frame=0, captured_ms=0, received=None, finder=None, *, embeddings=False):
        self.begun.append(frame)
        self.asked_embeddings.append(embeddings)
        await self.go.wait()
        if self.fail:
            raise self.fail
        return FrameReading(frame, captured_ms, width=64, height=48, readings=self.readings)


class Talk:
    def __init__(self, deadline_s=5.0):
        self.service, self.said = Service(), []
        self.stream = Stream(self.service, self.send, deadline_s, Session(individual=True, group_min=5))

    async def send(self, text):
        self.said.append(json.loads(text))

    async def frame(self, number):
        await self.stream.frame(pack_frame(number, number * 10, b"picture"))
        await asyncio.sleep(0)

    def answers(self):
        return [(answer["frame"], answer["status"]) for answer in self.said]


async def settle(talk, n):
    async with asyncio.timeout(3):
        while len(talk.said) < n:
            await asyncio.sleep(0.005)


async def test_a_newer_frame_replaces_the_waiting_one():
    talk = Talk()
    await talk.stream.hello(HELLO)
    for number in (1, 2, 3, 4):
        await talk.frame(number)
    assert talk.answers() == [(2, "stale"), (3, "stale")]
    talk.service.go.set()
    await settle(talk, 4)
    assert talk.answers()[2:] == [(1, "ok"), (4, "ok")]
    assert talk.service.begun == [1, 4]
    assert [answer["captured_ms"] for answer in talk.said] == [20, 30, 10, 40]


async def test_its_own_timer_answers_when_the_service_hangs():
    talk = Talk(deadline_s=0.05)
    await talk.stream.hello(HELLO)
    await talk.frame(1)
    await talk.frame(2)
    await settle(talk, 2)
    assert talk.answers() == [(1, "stale"), (2, "stale")]
    assert talk.service.begun == [1]  # the second was too old to begin
    talk.service.go.set()
    await talk.frame(3)
    await settle(talk, 3)
    assert talk.answers()[-1] == (3, "ok")


async def test_a_failing_service_is_an_error_answer_and_the_stream_goes_on():
    talk = Talk()
    await talk.stream.hello(HELLO)
    talk.service.go.set()
    talk.service.fail = RuntimeError("broken")
    await talk.frame(1)
    await settle(talk, 1)
    talk.service.fail = None
    await talk.frame(2)
    await settle(talk, 2)
    assert talk.answers() == [(1, "error"), (2, "ok")]
    assert talk.said[0]["error"]["code"] == "internal"


async def test_a_frame_before_the_hello_ends_the_stream():
    talk = Talk()
    with pytest.raises(NoHello):
        await talk.frame(7)
    assert talk.answers() == [(7, "error")] and talk.said[0]["error"]["code"] == "no_hello"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not JSON", "bad_hello"),
        ("[]", "bad_hello"),
        ('{"v": 2}', "bad_hello"),
        ('{"v": 1, "mode": "fast"}', "bad_hello"),
        ('{"v": 1, "mode": "recorded", "window": 0}', "bad_hello"),
    ],
)
async def test_a_bad_hello_is_refused_and_may_be_mended(text, code):
    talk = Talk()
    await talk.stream.hello(text)
    assert [answer["error"]["code"] for answer in talk.said] == [code]
    await talk.stream.hello(HELLO)
    talk.service.go.set()
    await talk.frame(1)
    await settle(talk, 2)
    assert talk.answers()[-1] == (1, "ok")


async def test_a_message_too_short_for_its_head_is_answered():
    talk = Talk()
    await talk.stream.hello(HELLO)
    await talk.stream.frame(b"short")
    assert talk.said[0]["error"]["code"] == "bad_frame"


async def test_what_the_hello_asks_reaches_the_service_and_every_answer():
    talk = Talk()
    talk.service.go.set()
    await talk.stream.hello('{"v": 1, "embeddings": true}')
    await talk.frame(1)
    await settle(talk, 1)
    await talk.stream.hello('{"v": 1, "view": "group", "embeddings": true}')
    await talk.frame(2)
    await settle(talk, 2)
    assert talk.service.asked_embeddings == [True, False]
    assert [answer["view"] for answer in talk.said] == ["individual", "group"]


async def test_an_answer_that_cannot_be_settled_is_an_error_answer():
    talk = Talk()
    await talk.stream.hello(HELLO)
    talk.service.go.set()
    talk.service.readings = (Reading(Face((0.0, 0.0, 9.0, 9.0), 0.9), crop=b"short"),)
    await talk.frame(1)
    await settle(talk, 1)
    assert talk.said[0]["error"]["code"] == "internal"


async def test_closing_gives_up_what_is_under_way():
    talk = Talk()
    await talk.stream.hello(HELLO)
    await talk.frame(1)
    await talk.frame(2)
    await asyncio.wait_for(talk.stream.close(), 1)
    talk.service.go.set()
    await asyncio.sleep(0.01)
    assert talk.said == []
