"""A program that imports nothing of Moodstream: what docs/queue-protocol.md promises to any Celery app.

Usage: foreign_sender.py URL FILE; prints one JSON object.
"""

import json
import sys
import time
from pathlib import Path

from celery import Celery
from celery.exceptions import TimeoutError as NoAnswer

url, file = sys.argv[1:]
app = Celery(broker=url, backend=url)
app.conf.update(task_serializer="msgpack", result_serializer="msgpack", accept_content=["msgpack"])


def ask(task, queue, *args, **kwargs):
    return app.send_task(task, args=args, kwargs=kwargs, queue=queue).get(timeout=20)


crops = bytes(range(256)) * 9 * 2
answers = {
    "crops": ask("moodstream.classify", "faces", crops, 2),
    "late": ask("moodstream.classify", "faces", crops, 2, round(time.time() * 1000) - 60_000),
    "frame": ask("moodstream.read_frame", "frames", Path(file).read_bytes()),
    "rubbish": ask("moodstream.read_frame", "frames", b"rubbish"),
}
try:
    ask("moodstream.classify", "faces", crops, 3)
    answers["wrong"] = None
except NoAnswer:
    raise
except Exception as error:
    answers["wrong"] = str(error)
embedded = ask("moodstream.classify", "faces", crops, 2, embeddings=True)
answers["embedding_bytes"] = len(embedded["embeddings"])
print(json.dumps(answers))
