"""The short way of a live task: from its message to its answer without Celery's request, context and pool around it.

Those serve schedules, retries and links, and cost more than half of what reading a face does. The short way is for what
needs none of them and goes well; everything else, and what fails here, goes Celery's way, which tells what is wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery import Celery, Task
from celery.states import SUCCESS
from celery.worker.strategy import default
from kombu.transport.virtual import Message

from worker import context, metrics

log = logging.getLogger(__name__)

Handler = Callable[..., Any]

#: Headers by which a sender asks for more than that the task is run and its result kept.
_WISHES = ("eta", "expires", "retries", "ignore_result", "group")


def strategy(task: Task, app: Celery, consumer: Any) -> Handler:
    """How this worker handles the messages of a task; Celery asks for it by ``Task.Strategy``."""
    usual: Handler = default(task, app, consumer)
    revoked = consumer.controller.state.revoked
    store = task.backend.store_result
    name = task.name

    def handle(message: Message, body: Any, ack: Handler, reject: Handler, callbacks: Any) -> Any:
        headers = message.headers
        if callbacks or not _plain(headers, message.payload) or headers["id"] in revoked:
            return usual(message, body, ack, reject, callbacks)
        arguments, named, _ = message.payload
        task_id = headers["id"]
        metrics.taken(task_id, message.delivery_info.get("routing_key"))
        metrics.begun()
        try:
            with context.of_task(name, headers):
                answer = task.run(*arguments, **named)
                store(task_id, answer, SUCCESS)
                log.debug("done", extra={"task": name, "state": SUCCESS})
        except Exception:
            # The task is not counted here: it begins anew, and fails or is stored in Celery's way.
            metrics.left()
            return usual(message, body, ack, reject, callbacks)
        metrics.left()
        metrics.answered(task_id, name, answer)
        return None

    return handle


def _plain(headers: dict[str, Any], payload: Any) -> bool:
    """Whether nothing is asked of Celery but to run the task once, now, and to keep its result."""
    if not isinstance(payload, list | tuple) or any(headers.get(wish) for wish in _WISHES):
        return False
    _, _, links = payload
    return not any(links.values())
