"""A classifier worker that is slow on purpose: ``python bench/slow_worker.py SECONDS faces|recorded``.

An ordinary worker in all else; every message takes SECONDS more, without using the processor.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from celery.signals import worker_ready

from classifier_service.classifier import Classifier
from worker.__main__ import main

seconds = float(sys.argv.pop(1))
prompt = Classifier.classify


def slow(self, crops):
    time.sleep(seconds)
    return prompt(self, crops)


@worker_ready.connect
def slow_down(**_):
    Classifier.classify = slow


main()
