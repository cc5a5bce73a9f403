"""Queue and worker against what they only carry: inference; three parts of bench/limit.py."""

from __future__ import annotations

import asyncio
import os
import statistics
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from bench.figures import Figures, judged
from bench.processes import Load, all_answer, processor_seconds, queue, sender, worker
from classifier_service.classifier import Classifier
from moodstream.settings import settings
from moodstream.types import CROP_BYTES, CROP_SIDE

ROUNDS = 6
#: A message that is as full as a class; streams that send messages of one face.
CLASS, STREAMS = 49, 32
WAIT_S, WORKERS = 0.02, (1, 2, 4, 8)
#: Niceness of what only makes the load.
GIVES_WAY = 10


async def through_queue(seconds: float) -> Figures:
    """In a thread of its own, since its priority cannot be raised again."""
    return await asyncio.to_thread(lambda: asyncio.run(_through_queue(seconds)))


async def _through_queue(seconds: float) -> Figures:
    cores = sorted(os.sched_getaffinity(0))
    mine, others = {cores[0]}, set(cores[1:]) or {cores[0]}
    classifier = Classifier.load(settings().model)
    crops = np.random.default_rng(0).integers(0, 255, (CLASS, CROP_SIDE, CROP_SIDE), np.uint8)
    bare_faces = bare_s = bare_cpu = queue_s = worker_cpu = 0.0
    with queue(others) as url, worker(url, cores=mine) as process:
        async with sender(url) as dispatcher:
            await all_answer(url, dispatcher, 1)
            # This thread sends, and on two cores shares one with Redis, which it must not keep waiting.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVES_WAY)
            load = Load(dispatcher, crops.tobytes(), CLASS)
            for number in range(ROUNDS + 1):
                os.sched_setaffinity(0, mine)
                began, cpu = time.perf_counter(), time.thread_time()
                done = 0
                while time.perf_counter() - began < seconds:
                    classifier.classify(crops)
                    done += CLASS
                took = time.perf_counter() - began, time.thread_time() - cpu
                os.sched_setaffinity(0, others)
                answered, cpu = load.answered, processor_seconds(process.pid)
                queued = await load.run(3, seconds)
                if number == 0:
                    load.answered = 0
                    continue  # the first round warms up
                assert load.answered > answered
                bare_faces, bare_s, bare_cpu = bare_faces + done, bare_s + took[0], bare_cpu + took[1]
                queue_s, worker_cpu = queue_s + queued, worker_cpu + processor_seconds(process.pid) - cpu
            os.sched_setaffinity(0, set(cores))
    bare, through = bare_faces / bare_s, load.answered * CLASS / queue_s
    by_cpu = (bare_cpu / bare_faces) / (worker_cpu / (load.answered * CLASS))
    return {
        "faces_a_second_over_bare": judged(
            through / bare,
            0.85,
            0.95,
            faces_a_second=round(through),
            bare_faces_a_second=round(bare),
            by_processor_time=round(by_cpu, 3),
        )
    }


async def overhead(seconds: float) -> Figures:
    cores = sorted(os.sched_getaffinity(0))
    mine, others = {cores[0]}, set(cores[1:]) or {cores[0]}
    classifier = Classifier.load(settings().model)
    crop = np.random.default_rng(0).integers(0, 255, (1, CROP_SIDE, CROP_SIDE), np.uint8)
    each, bare = [], []
    with queue(others) as url, worker(url, cores=mine) as process:
        async with sender(url) as dispatcher:
            await all_answer(url, dispatcher, 1)
            load = Load(dispatcher, crop.tobytes(), 1)
            for _ in range(ROUNDS + 1):
                os.sched_setaffinity(0, mine)
                began = time.thread_time()
                for _ in range(200):
                    classifier.classify(crop)
                bare.append((time.thread_time() - began) / 200)
                os.sched_setaffinity(0, others)
                answered, began = load.answered, processor_seconds(process.pid)
                await load.run(STREAMS, seconds)
                each.append((processor_seconds(process.pid) - began) / (load.answered - answered))
            os.sched_setaffinity(0, set(cores))
    microseconds = [1e6 * (a - b) for a, b in zip(each[1:], bare[1:], strict=True)]
    return {
        "overhead_a_message_us": judged(
            statistics.median(microseconds),
            1500,
            500,
            messages=load.answered,
            message_us=round(1e6 * statistics.median(each[1:])),
            bare_inference_us=round(1e6 * statistics.median(bare[1:])),
        )
    }


async def gathering(seconds: float) -> Figures:
    """Frames with one face that share messages while answers are slow, against each in a message of its own."""
    cores = sorted(os.sched_getaffinity(0))
    mine, others = {cores[0]}, set(cores[1:]) or {cores[0]}
    rates: dict[tuple[str, int], list[float]] = {}
    with queue(others) as url, worker(url, cores=mine):
        async with sender(url) as apart, sender(url, settings().gather_ms) as together:
            await all_answer(url, apart, 1)
            os.sched_setaffinity(0, others)
            for number in range(ROUNDS + 1):
                for name, dispatcher in (("apart", apart), ("together", together)):
                    for streams in (1, STREAMS):
                        load = Load(dispatcher, bytes(CROP_BYTES), 1)
                        took = await load.run(streams, seconds / 2)
                        if number:
                            rates.setdefault((name, streams), []).append(load.answered / took)
            os.sched_setaffinity(0, set(cores))
    found = {key: statistics.median(each) for key, each in rates.items()}
    return {
        f"faces_a_second_gathered_over_apart_{streams}_streams": judged(
            statistics.median(a / b for a, b in zip(rates["together", streams], rates["apart", streams], strict=True)),
            0.95 if streams == 1 else 1.0,
            1.0 if streams == 1 else 2.0,
            faces_a_second=round(found["together", streams]),
            apart_faces_a_second=round(found["apart", streams]),
        )
        for streams in (1, STREAMS)
    }


async def growth(seconds: float) -> Figures:
    program = str(Path(__file__).with_name("waiting_worker.py"))
    rates: dict[int, float] = {}
    for n in WORKERS:
        with queue() as url, ExitStack() as workers:
            for _ in range(n):
                workers.enter_context(worker(url, program, str(WAIT_S)))
            async with sender(url) as dispatcher:
                await all_answer(url, dispatcher, n)
                load = Load(dispatcher, bytes(CROP_BYTES), 1)
                blocks = []
                for _ in range(ROUNDS):
                    answered = load.answered
                    took = await load.run(4 * n, seconds)
                    blocks.append((load.answered - answered) / took)
                rates[n] = statistics.median(blocks)
    shares = {n: round(rates[n] / (n * rates[1]), 3) for n in WORKERS}
    return {
        "growth_with_workers": judged(
            min(shares.values()), 0.9, 0.97, shares=shares, faces_a_second={n: round(r, 1) for n, r in rates.items()}
        )
    }
