"""The scaling rule over a day: ``python -m bench.autoscale --costs costs.json [--start 5 10]``.

``costs.json`` is what ``python -m bench.costs`` printed; ``--start`` are the least and the most seconds that a pod took
to become ready (`bench/cluster` measures them). A day has lessons on the hour from 8 to 18 with up to ``--streams``
classes, which join within a few minutes and leave together. Prints replicas and late labels as JSON, for classes of 25
and single faces, and for several targets of the live workers, so that one sees what the shipped one costs and buys.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.autoscale.cluster import Class, Cluster, Costs, Log
from bench.autoscale.rule import Rule, at_rest, shipped
from detector_service.metrics import Demand

DAY_S, HOUR_S = 24 * 3600, 3600
#: Share of the largest number of streams in the lesson that begins at each hour.
LESSONS = {8: 0.5, 9: 0.9, 10: 1.0, 11: 1.0, 12: 0.4, 13: 0.7, 14: 1.0, 15: 0.8, 16: 0.5, 17: 0.2, 18: 0.1}
#: A lesson's classes join within so long around the hour, and leave within so long around its end (seconds).
JOIN_S, LEAVE_S, LESSON_S = (-120, 180), (-60, 60), 50 * 60
#: Threads that search in one detector (MOODSTREAM_DETECTOR_THREADS), and what one pod asks for.
DETECTOR_CORES, DETECTOR_REQUEST = 1.0, 0.5
MARK = "moodstream_demand_faces"


def day(streams: int, seed: int = 0) -> Iterator[tuple[float, int]]:
    """(seconds since the change before, +1 or -1) for every class of a day."""
    chance = random.Random(seed)
    changes = []
    for hour, share in LESSONS.items():
        for _ in range(round(streams * share)):
            changes.append((hour * HOUR_S + chance.uniform(*JOIN_S), 1))
            changes.append((hour * HOUR_S + LESSON_S + chance.uniform(*LEAVE_S), -1))
    before = 0.0
    for at, change in sorted(changes):
        yield at - before, change
        before = at


def costs_of(measured: dict[str, Any], faces: int, start_s: tuple[float, float]) -> tuple[Costs, float]:
    """What ``bench.costs`` measured for the class of that size, and processor seconds a face in a live worker."""
    (size,) = [size for size in measured["sizes"] if size["faces"] == faces]
    spent = {name: value / 1000 for name, value in size["processor_ms_a_frame"].items()}
    a_face = spent["live worker"] / faces
    return Costs(1 / a_face, spent["detector"], spent["page"], DETECTOR_CORES, DETECTOR_REQUEST, start_s), a_face


def summed(log: Log) -> dict[str, Any]:
    """The day in a few figures; shares of all faces, and of those in the worst minute."""
    minutes = [(sum(log.late[i : i + 60]), sum(log.faces[i : i + 60])) for i in range(0, len(log.at), 60)]
    busy = [late / faces for late, faces in minutes if faces]
    return {
        "streams_most": max(log.streams),
        "workers": [min(log.workers), max(log.workers)],
        "detectors": [min(log.detectors), max(log.detectors)],
        "worker_hours": round(sum(log.workers) / HOUR_S, 1),
        "detector_hours": round(sum(log.detectors) / HOUR_S, 1),
        "late_or_refused_of_the_day": round(sum(log.late) / max(sum(log.faces), 1), 5),
        "in_the_worst_minute": round(max(busy, default=0.0), 3),
        "minutes_with_more_than_1_percent": sum(share > 0.01 for share in busy),
    }


def with_target(rules: dict[str, Rule], faces_a_second: float) -> dict[str, Rule]:
    """The shipped rules with another target, and room to the top."""
    live = rules["live-worker"]
    return {**rules, "live-worker": replace(live, targets={MARK: faces_a_second}, maximum=10_000)}


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--costs", type=Path, required=True)
    parser.add_argument("--start", type=float, nargs=2, default=(5.0, 10.0))
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--fps", type=float, default=5.0)
    options = parser.parse_args()
    measured, rules = json.loads(options.costs.read_text()), shipped()
    rules = {**rules, "detector": replace(rules["detector"], maximum=10_000)}
    result: dict[str, Any] = {"start_s": list(options.start), "fps": options.fps, "streams": options.streams}
    for faces in (25, 1):
        costs, _ = costs_of(measured, faces, tuple(options.start))
        kind = Class(options.fps, faces)
        table = {}
        for share in (0.5, 0.6, 0.7, 0.8, 0.9):
            target = share * costs.worker_faces * (1 + Demand.MESSAGE_FACES / faces)
            cluster = Cluster(costs, with_target(rules, target), kind, day(options.streams))
            table[f"{share:.0%} of the drain rate, {target:.0f} faces/s"] = summed(cluster.run(DAY_S))
        cluster = Cluster(costs, rules, kind, day(options.streams))
        shipped_target = rules["live-worker"].targets[MARK]
        steady = {
            count: {
                "workers": math.ceil(count * options.fps * (faces + Demand.MESSAGE_FACES) / shipped_target),
                "detectors": at_rest(
                    rules["detector"],
                    {"moodstream_streams": count, "cpu": count * options.fps * costs.detector_s / DETECTOR_REQUEST},
                ),
                "page_cores": round(count * options.fps * costs.page_s, 2),
            }
            for count in (1, 10, 50, 100, 500, 1000, 2000)
        }
        result[f"{faces} faces"] = {
            "worker_faces_a_second": round(costs.worker_faces),
            "detector_ms_a_frame": round(1000 * costs.detector_s, 1),
            "shipped": {"target": shipped_target, **summed(cluster.run(DAY_S))},
            "other_targets": table,
            "steady": steady,
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
