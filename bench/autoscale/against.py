"""A run on a real cluster, simulated: the same rule, class, pods and start times."""

from __future__ import annotations

import statistics
from itertools import pairwise
from typing import Any

from bench.autoscale.cluster import Class, Cluster, Costs
from bench.autoscale.rule import SYNC_S, Autoscaler, Rule, cores, shipped

#: The class begins at so many moments between two looks of the autoscaler; each is simulated.
MOMENTS = 15
_AFTER_S = 300


def against(run: dict[str, Any], seconds: dict[str, float], detector_cores: float) -> dict[str, Any]:
    """What `bench.cluster` saw beside what the simulation says.

    Args:
        run: its output.
        seconds: service → processor seconds a frame, as measured for a class of that size.
        detector_cores: what one detector can use.
    """
    real = run["autoscale"]
    size, starts = real["class"], real["pod_start_s"]
    rule = Rule.of(real["rule"])
    worker_cores = cores(real["worker_cores"])
    costs = Costs(
        size["faces"] / seconds["live worker"] * worker_cores,
        seconds["detector"],
        detector_cores,
        (min(starts), max(starts)),
    )
    ups, downs, late = [], [], []
    for moment in range(MOMENTS):
        begin, length = 60 + moment * SYNC_S / MOMENTS, size["seconds"]
        changes = iter([(begin, size["streams"]), (length, -size["streams"])])
        rules = {**shipped(), "live-worker": rule}
        log = Cluster(costs, rules, Class(size["fps"], size["faces"]), changes, seed=moment).run(
            begin + length + _AFTER_S
        )
        ready = dict(zip(log.at, log.workers, strict=True))
        ups.append(min(at for at, count in ready.items() if count == rule.maximum) - begin)
        downs.append(
            max(at for (_, before), (at, count) in pairwise(ready.items()) if before > count == rule.minimum)
            - begin
            - length
        )
        late.append(sum(log.late) / sum(log.faces))
    answers = real["load"]["answers"]
    replayed = [_replayed(rule, real["demand"], moment * SYNC_S / MOMENTS) for moment in range(MOMENTS)]
    most, least = (_spread(list(values)) for values in zip(*replayed, strict=True))
    return {
        "rule_alone_on_the_real_demand": {
            "five_wanted_at_s": {"real": _first(real, rule.maximum), "simulated": most},
            "one_wanted_at_s": {"real": _last(real, rule.minimum), "simulated": least},
        },
        "up_s": {"real": real["from_1_to_5_s"], "simulated": _spread(ups)},
        "down_s": {"real": real["load_end_until_1_s"], "simulated": _spread(downs)},
        "not_in_time": {
            "real": round(1 - answers.get("ok", 0) / sum(answers.values()), 3),
            "simulated": _spread(late, 3),
        },
    }


def _replayed(rule: Rule, demand: list[tuple[float, float]], first: float) -> tuple[float, float]:
    """Seconds until the rule wants its most, and at last its least, when it looks from ``first`` on."""
    scaler, count, wanted = Autoscaler(rule), rule.minimum, []
    at = first
    while at <= demand[-1][0]:
        told = [value for since, value in demand if since <= at]
        count = scaler.decide(at, count, dict.fromkeys(rule.targets, told[-1] if told else 0.0))
        wanted.append((at, count))
        at += SYNC_S
    up = next((at for at, count in wanted if count == rule.maximum), at)
    down = next((at for (_, before), (at, count) in pairwise(wanted) if before > count == rule.minimum and at > up), at)
    return up, down


def _first(real: dict[str, Any], count: int) -> float:
    return float(next(one["s"] for one in real["changes"] if one["wanted_ready"][0] == count))


def _last(real: dict[str, Any], count: int) -> float:
    return float(next(one["s"] for one in reversed(real["changes"]) if one["wanted_ready"][0] == count))


def _spread(values: list[float], digits: int = 0) -> list[float]:
    """Least, median, most."""
    return [round(value, digits) for value in (min(values), statistics.median(values), max(values))]
