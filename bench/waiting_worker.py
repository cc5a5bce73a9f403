"""A classifier worker that only waits: ``python bench/waiting_worker.py SECONDS faces``.

An ordinary worker in all else; classifying takes SECONDS without using the processor, so that more workers than cores
can be compared.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from celery.signals import worker_ready

from classifier_service.classifier import Classification, Classifier
from moodstream.types import EXPRESSIONS
from worker.__main__ import main

seconds = float(sys.argv.pop(1))


def wait(self, crops):
    time.sleep(seconds)
    return Classification(np.full((len(crops), len(EXPRESSIONS)), 1 / 7, np.float32), np.zeros((len(crops), 1)))


@worker_ready.connect
def only_wait(**_):
    Classifier.classify = wait


main()
