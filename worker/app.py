"""The Celery app that both kinds of worker share."""

from __future__ import annotations

from celery import Celery
from redis import Redis

from moodstream.settings import settings
from moodstream.wire import RedisClock, celery_options, recorded_options
from worker.channel import TaskTransport


def make_app() -> Celery:
    """A Celery app with our options; it connects when it is used, not before."""
    options = settings()
    made = Celery("moodstream")
    made.conf.update(
        **celery_options(options.redis_url, options.result_expires_s),
        broker_transport=f"{TaskTransport.__module__}:{TaskTransport.__name__}",
        worker_pool="solo",  # one process a core; scale by starting more of them
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        broker_connection_max_retries=None,
    )
    return made


def serve_recorded(app: Celery) -> None:
    """Point the app at recorded work; called before it connects and before its tasks are registered."""
    options = settings()
    app.conf.update(
        recorded_options(options.recorded_redis, options.recorded_patience_s, options.recorded_visibility_s)
    )


def redis_clock() -> RedisClock:
    """A clock on the queue's own server, which all hosts share."""
    client = Redis.from_url(settings().redis_url, socket_timeout=1, socket_connect_timeout=1)
    return RedisClock(client)


app = make_app()
