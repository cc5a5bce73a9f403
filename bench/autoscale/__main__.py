"""The scaling rule over a day: ``python -m bench.autoscale --costs costs.json [--start 5 10]``.

With ``--against run.json``, the output of ``bench.cluster``, it simulates that run instead and prints both.

``costs.json`` is what ``python -m bench.costs`` printed; ``--start`` are the least and the most seconds that a pod took
to become ready (`bench/cluster` measures them). A day has lessons on the hour from 8 to 18 with up to ``--streams``
classes, which join within a few minutes and leave together. Prints replicas and late labels as JSON, for classes of 25
and single faces, and for several targets of the live workers, so that one sees what the shipped one costs and buys.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.autoscale.against import against
from bench.autoscale.cluster import Class, Cluster, Costs, Log
from bench.autoscale.rule import Rule, at_rest, shipped
from detector_service.metrics import Demand

DAY_S, HOUR_S = 24 * 3600, 3600
#: Share of the largest number of streams in the lesson that begins at each hour.
LESSONS = {8: 0.5, 9: 0.9, 10: 1.0, 11: 1.0, 12: 0.4, 13: 0.7, 14: 1.0, 15: 0.8, 16: 0.5, 17: 0.2, 18: 0.1}
#: A lesson's classes join within so long around the hour, and leave within so long around its end (seconds).
JOIN_S, LEAVE_S, LESSON_S = (-120, 180), (-60, 60), 50 * 60
#: Threads that search in one detector (MOODSTREAM_DETECTOR_THREADS), a core each.
DETECTOR_CORES = 2.0
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


def spent(measured: dict[str, Any], faces: int) -> dict[str, float]:
    """Service → processor seconds for a frame with so many faces, as ``bench.costs`` measured."""
    (size,) = [size for size in measured["sizes"] if size["faces"] == faces]
    # What a service does when nothing comes was taken off; where that is more than a frame costs, noise remains.
    return {name: max(value, 0.0) / 1000 for name, value in size["processor_ms_a_frame"].items()}


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
    """Rules with another target for live workers."""
    return {**rules, "live-worker": replace(rules["live-worker"], targets={MARK: faces_a_second})}


def replicas(rules: dict[str, Rule], streams: int, kind: Class, seconds: dict[str, float]) -> dict[str, float]:
    """What a steady load ends with, and what it costs Redis in cores."""
    frames = streams * kind.fps
    told = {MARK: frames * (kind.faces + Demand.MESSAGE_FACES), "moodstream_streams": streams}
    told |= {"moodstream_page_streams": streams, "cpu": frames * seconds["detector"]}
    counts = {name: at_rest(rules[name], told) for name in ("live-worker", "detector")}
    pages = at_rest(rules["page"], {**told, "cpu": frames * seconds["page"]})
    return {**counts, "page": pages, "redis_cores": round(frames * seconds["redis"], 2)}


def within(rules: dict[str, Rule], kind: Class, seconds: dict[str, float]) -> int:
    """Streams that the shipped maxima hold."""
    room = without_maxima(rules)

    def fits(streams: int) -> bool:
        counts = replicas(room, streams, kind, seconds)
        return all(counts[name] <= rules[name].maximum for name in ("live-worker", "detector", "page"))

    return next(streams for streams in itertools.count() if not fits(streams + 1))


def without_maxima(rules: dict[str, Rule]) -> dict[str, Rule]:
    """The same rules with room to the top."""
    return {name: replace(rule, maximum=10**6) for name, rule in rules.items()}


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--costs", type=Path, required=True)
    parser.add_argument("--start", type=float, nargs=2, default=(5.0, 10.0))
    parser.add_argument("--against", type=Path, help="what bench.cluster printed")
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--fps", type=float, default=5.0)
    options = parser.parse_args()
    measured, rules = json.loads(options.costs.read_text()), shipped()
    if options.against is not None:
        run = json.loads(options.against.read_text())
        seconds = spent(measured, run["autoscale"]["class"]["faces"])
        print(json.dumps(against(run, seconds, DETECTOR_CORES), indent=2))
        return
    result: dict[str, Any] = {"start_s": list(options.start), "fps": options.fps, "streams": options.streams}
    room = without_maxima(rules)
    for faces in (25, 1):
        seconds, kind = spent(measured, faces), Class(options.fps, faces)
        costs = Costs(faces / seconds["live worker"], seconds["detector"], DETECTOR_CORES, tuple(options.start))
        held = within(rules, kind, seconds)
        days = {
            "shipped, without maxima": (room, options.streams),
            "shipped, as many as it holds": (rules, held),
        }
        for share in (0.4, 0.5, 0.6, 0.7, 0.8):
            target = share * costs.worker_faces * (1 + Demand.MESSAGE_FACES / faces)
            days[f"{share:.0%} of the drain rate, {target:.0f}"] = (with_target(room, target), options.streams)
        result[f"{faces} faces"] = {
            "worker_faces_a_second": round(costs.worker_faces),
            "detector_ms_a_frame": round(1000 * costs.detector_s, 1),
            "shipped_target": rules["live-worker"].targets[MARK],
            "days": {
                name: summed(Cluster(costs, used, kind, day(count)).run(DAY_S)) for name, (used, count) in days.items()
            },
            "steady": {count: replicas(room, count, kind, seconds) for count in (1, 10, 50, 100, 500, 1000, 2000)},
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
