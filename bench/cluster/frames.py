"""Another service that puts whole pictures on the queue: ``python -m bench.cluster.frames URL SECONDS`` prints JSON."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

from celery import Celery
from celery.exceptions import TimeoutError as NoAnswer

from bench.path import frame_with_one_face
from moodstream.wire import FRAMES, READ_FRAME, celery_options

EVERY_S, ANSWER_S = 0.5, 60.0


def main() -> None:
    """Send a picture every half second, then collect the answers."""
    url, seconds = sys.argv[1], float(sys.argv[2])
    app = Celery("other-service")
    app.conf.update(celery_options(url, 300))
    picture, sent = frame_with_one_face(), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sent.append(app.send_task(READ_FRAME, args=(picture,), queue=FRAMES))
        time.sleep(EVERY_S)
    statuses: Counter[str] = Counter()
    unanswered = 0
    for result in sent:
        try:
            statuses[result.get(timeout=ANSWER_S)["status"]] += 1
        except NoAnswer:
            unanswered += 1
    print(json.dumps({"sent": len(sent), "answers": dict(statuses), "unanswered": unanswered}))


if __name__ == "__main__":
    main()
