"""How many messages wait in each queue, and how many are under way; asked when somebody wants to know."""

from __future__ import annotations

import contextlib

import redis
import redis.asyncio

from moodstream.settings import Settings
from moodstream.wire import FACES, FRAMES, RECORDED


class QueueDepths:
    """Asks Redis for the lengths of our queues; a queue whose server does not answer is left out."""

    def __init__(self, options: Settings) -> None:
        self._queues = ((options.redis_url, (FACES, FRAMES)), (options.recorded_redis, (RECORDED,)))
        self._clients = {
            url: redis.asyncio.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
            for url, _ in self._queues
        }

    async def waiting(self) -> dict[str, int]:
        """Queue → messages that no worker has taken."""
        lengths: dict[str, int] = {}
        for url, queues in self._queues:
            with contextlib.suppress(redis.RedisError, OSError):
                async with self._clients[url].pipeline(transaction=False) as pipe:
                    for queue in queues:
                        pipe.llen(queue)
                    lengths.update(zip(queues, await pipe.execute(), strict=True))
        return lengths

    async def unacknowledged(self) -> dict[str, int]:
        """Queue → messages that a worker has taken and not finished, those of a worker that died among them.

        Only recorded work is acknowledged late; kombu keeps such messages in one key of the database.
        """
        (url, (queue,)) = self._queues[-1]
        with contextlib.suppress(redis.RedisError, OSError):
            return {queue: await self._clients[url].hlen("unacked")}
        return {}

    async def close(self) -> None:
        """Free the connections."""
        for client in self._clients.values():
            await client.aclose()
