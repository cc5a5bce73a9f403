"""A replica whose frames wait parts with some streams; one alone, or one that keeps up, with none."""

import asyncio

from detector_service.balance import TOO_LONG_S, Balance
from detector_service.metrics import Metrics
from moodstream.leaving import OpenStreams


class Socket:
    def __init__(self):
        self.messages = asyncio.Queue()

    async def receive(self):
        return await self.messages.get()


class Replica:
    """Streams that are served until they are asked to move."""

    def __init__(self, streams):
        self.open, self.sockets, self.moved = OpenStreams(), [Socket() for _ in range(streams)], []
        self.balance = Balance(self.open, Metrics())

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(self.serve(number)) for number in range(len(self.sockets))]
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def serve(self, number):
        with self.open.serving():
            while (await self.open.receive(self.sockets[number])) is not None:
                pass
            self.moved.append(number)


async def test_a_tenth_of_the_streams_moves_the_newest_first():
    async with Replica(30) as replica:
        replica.balance.waited(2 * TOO_LONG_S)
        assert replica.balance.look() == 3
        await asyncio.sleep(0.05)
        assert sorted(replica.moved) == [27, 28, 29]
        assert len(replica.open) == 27
        assert replica.balance.look() == 0, "what was seen once is not held against it again"


async def test_at_least_one_moves_and_the_last_one_stays():
    async with Replica(2) as replica:
        replica.balance.waited(1.0)
        assert replica.balance.look() == 1
        await asyncio.sleep(0.05)
        replica.balance.waited(1.0)
        assert replica.balance.look() == 0


async def test_who_keeps_up_keeps_its_streams():
    async with Replica(30) as replica:
        for _ in range(100):
            replica.balance.waited(TOO_LONG_S / 2)
        assert replica.balance.look() == 0


async def test_a_stream_at_work_moves_after_its_message():
    async with Replica(2) as replica:
        replica.sockets[1].messages.put_nowait({"type": "websocket.receive"})
        replica.open.move(1)
        await asyncio.sleep(0.05)
        assert replica.moved == [1]
