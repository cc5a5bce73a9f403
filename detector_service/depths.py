"""How many messages wait in each queue; asked when somebody wants to know."""

from __future__ import annotations

import redis
import redis.asyncio

from moodstream.settings import Settings
from moodstream.wire import FACES, FRAMES


class QueueDepths:
    """Asks Redis for the lengths of our queues; a queue whose server does not answer is left out."""

    def __init__(self, options: Settings) -> None:
        self._client = redis.asyncio.Redis.from_url(options.redis_url, socket_timeout=0.5, socket_connect_timeout=0.5)

    async def waiting(self) -> dict[str, int]:
        """Queue → messages that no worker has taken."""
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for queue in (FACES, FRAMES):
                    pipe.llen(queue)
                return dict(zip((FACES, FRAMES), await pipe.execute(), strict=True))
        except (redis.RedisError, OSError):
            return {}

    async def close(self) -> None:
        """Free the connection."""
        await self._client.aclose()
