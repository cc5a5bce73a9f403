"""Frames with few faces share a message while answers are slow, and only then."""

import asyncio
import time

import pytest
import pytest_asyncio

from detector_service.gather import SLOW_S, DeadlinePassed, Gatherer, Work
from detector_service.link import QueueDown

HOLD_S = 0.05


class Queue:
    """Answers each message when told to: one row a face, the face's first byte."""

    def __init__(self):
        self.messages, self.answers = [], []

    async def send(self, work):
        self.messages.append(work)
        answer = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        await answer
        rows = [[work.crops[2304 * i]] for i in range(work.n)]
        embedded = bytes(row[0] for row in rows) if work.embeddings else None
        return {"status": "ok", "probabilities": rows, "embeddings": embedded}

    def answer(self, number=-1):
        self.answers[number].set_result(None)

    @property
    def sizes(self):
        return [work.n for work in self.messages]


def faces(*values, seconds=5.0, embeddings=False, stream="a"):
    crops = b"".join(bytes([value]) * 2304 for value in values)
    return Work(crops, len(values), time.monotonic() + seconds, embeddings, {"stream": stream})


@pytest.fixture
def queue():
    return Queue()


@pytest_asyncio.fixture
async def slow(queue):
    """A gatherer of at most eight faces, with one message under way that is slow to be answered."""
    gatherer = Gatherer(queue.send, 8, HOLD_S)
    first = asyncio.create_task(gatherer.ask(faces(0)))
    await asyncio.sleep(2 * SLOW_S)
    yield gatherer
    for answer in queue.answers:
        if not answer.done():
            answer.set_result(None)
    await first


async def test_while_answers_are_quick_each_frame_has_a_message_and_waits_for_nobody(queue):
    gatherer = Gatherer(queue.send, 8, HOLD_S)
    asked = [asyncio.create_task(gatherer.ask(faces(value))) for value in range(3)]
    await asyncio.sleep(0)
    assert queue.sizes == [1, 1, 1]
    for number in range(3):
        queue.answer(number)
    assert [(await one)["probabilities"] for one in asked] == [[[0]], [[1]], [[2]]]


async def test_while_an_answer_is_slow_frames_share_a_message_and_each_gets_its_part(queue, slow):
    asked = [asyncio.create_task(slow.ask(faces(*values))) for values in ((1,), (2, 3), (4,))]
    await asyncio.sleep(0)
    assert queue.sizes == [1]
    queue.answer(0)  # the next answer sets them free
    await asyncio.sleep(HOLD_S / 5)
    assert queue.sizes == [1, 4]
    queue.answer()
    assert [(await one)["probabilities"] for one in asked] == [[[1]], [[2], [3]], [[4]]]


async def test_frames_are_not_held_for_long(queue, slow):
    asked = asyncio.create_task(slow.ask(faces(1)))
    await asyncio.sleep(1.5 * HOLD_S)
    assert queue.sizes == [1, 1]
    queue.answer()
    assert (await asked)["probabilities"] == [[1]]


async def test_a_message_holds_no_more_than_it_may_and_many_faces_are_not_held(queue, slow):
    asked = [asyncio.create_task(slow.ask(faces(*range(n)))) for n in (4, 3, 2, 5)]
    await asyncio.sleep(0)
    assert queue.sizes == [1, 5]
    await asyncio.sleep(0)
    assert sorted(queue.sizes) == [1, 5, 7]
    await asyncio.sleep(1.5 * HOLD_S)
    assert sorted(queue.sizes) == [1, 2, 5, 7]
    for number in range(1, 4):
        queue.answer(number)
    assert [len((await one)["probabilities"]) for one in asked] == [4, 3, 2, 5]


async def test_embeddings_are_parted_too_and_asked_for_only_by_those_who_want_them(queue, slow):
    asked = [
        asyncio.create_task(slow.ask(faces(*values, embeddings=wanted)))
        for values, wanted in (((1,), True), ((2, 3), True), ((4,), False))
    ]
    await asyncio.sleep(1.5 * HOLD_S)
    assert [(work.n, work.embeddings) for work in queue.messages] == [(1, False), (3, True), (1, False)]
    queue.answer(1)
    queue.answer(2)
    assert [(await one)["embeddings"] for one in asked] == [b"\x01", b"\x02\x03", None]


async def test_who_gives_up_early_does_so_alone(queue, slow):
    early = asyncio.create_task(slow.ask(faces(1, seconds=HOLD_S / 2)))
    late = asyncio.create_task(slow.ask(faces(2)))
    await asyncio.sleep(0)
    queue.answer(0)
    with pytest.raises(DeadlinePassed):
        await early
    queue.answer()
    assert (await late)["probabilities"] == [[2]]


async def test_what_was_given_up_while_held_is_not_sent(queue, slow):
    with pytest.raises(DeadlinePassed):
        await slow.ask(faces(1, seconds=HOLD_S / 5))
    await asyncio.sleep(1.5 * HOLD_S)
    assert queue.sizes == [1]


async def test_a_failure_is_told_to_all_that_share_the_message(queue, slow):
    asked = [asyncio.create_task(slow.ask(faces(value))) for value in (1, 2)]
    await asyncio.sleep(1.5 * HOLD_S)
    queue.answers[-1].set_exception(QueueDown("gone"))
    for one in asked:
        with pytest.raises(QueueDown, match="gone"):
            await one


async def test_at_the_end_nobody_is_left_waiting(queue, slow):
    asked = asyncio.create_task(slow.ask(faces(1)))
    await asyncio.sleep(0)
    slow.close()
    with pytest.raises(QueueDown):
        await asked
    assert queue.sizes == [1]


async def test_holding_can_be_switched_off(queue):
    gatherer = Gatherer(queue.send, 8, 0)
    first = asyncio.create_task(gatherer.ask(faces(0)))
    await asyncio.sleep(2 * SLOW_S)
    second = asyncio.create_task(gatherer.ask(faces(1)))
    await asyncio.sleep(0)
    assert queue.sizes == [1, 1]
    queue.answer(0)
    queue.answer(1)
    await asyncio.gather(first, second)
