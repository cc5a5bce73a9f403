"""The simulated autoscaler does what Kubernetes documents, and the simulated cluster loses no face."""

from __future__ import annotations

import pytest

pytest.importorskip("simpy", reason="no SimPy: .venv/bin/pip install --no-deps --require-hashes -r locks/cluster.txt")

from bench.autoscale.__main__ import replicas, within, without_maxima
from bench.autoscale.against import against
from bench.autoscale.cluster import Class, Cluster, Costs
from bench.autoscale.rule import Autoscaler, Policy, Rule, shipped
from detector_service.metrics import Demand

COSTS = Costs(500.0, 0.003, 2.0, (5.0, 10.0))


def rule(**changes: object) -> Rule:
    up = (Policy("Percent", 100, 15), Policy("Pods", 4, 15))
    values = {"minimum": 1, "maximum": 50, "targets": {"faces": 100.0}, "up": up, "down_window_s": 300.0}
    return Rule(**{**values, "down": (Policy("Percent", 50, 60),), **changes})  # type: ignore[arg-type]


def test_the_count_is_the_metric_over_its_target_rounded_up() -> None:
    assert Autoscaler(rule()).decide(0, 3, {"faces": 401}) == 5


def test_a_tenth_off_the_target_changes_nothing() -> None:
    assert Autoscaler(rule()).decide(0, 10, {"faces": 1090}) == 10
    assert Autoscaler(rule()).decide(0, 10, {"faces": 1110}) == 12


def test_up_at_once_by_the_larger_of_two_policies() -> None:
    assert Autoscaler(rule()).decide(0, 1, {"faces": 5000}) == 5
    scaler = Autoscaler(rule())
    assert scaler.decide(0, 10, {"faces": 5000}) == 20
    assert scaler.decide(5, 20, {"faces": 5000}) == 20, "the period's room is used up"
    assert scaler.decide(15, 20, {"faces": 5000}) == 40


def test_down_only_after_the_window_and_by_half_a_minute() -> None:
    scaler = Autoscaler(rule())
    assert scaler.decide(0, 16, {"faces": 1600}) == 16
    assert [scaler.decide(t, 16, {"faces": 10}) for t in range(15, 301, 15)] == [16] * 20
    assert scaler.decide(315, 16, {"faces": 10}) == 8
    assert scaler.decide(330, 8, {"faces": 10}) == 8
    assert scaler.decide(375, 8, {"faces": 10}) == 4


def test_the_most_demanding_metric_wins_and_the_bounds_hold() -> None:
    scaler = Autoscaler(rule(targets={"a": 10.0, "b": 10.0}, maximum=4))
    assert scaler.decide(0, 2, {"a": 5, "b": 31}) == 4
    assert scaler.decide(15, 4, {"a": 500, "b": 31}) == 4


def test_the_shipped_rules_are_understood() -> None:
    rules = shipped()
    assert set(rules) == {"page", "detector", "live-worker", "recorded-worker", "frame-worker"}
    assert set(rules["detector"].targets) == {"cpu", "moodstream_streams"}
    assert rules["live-worker"].down_window_s == 300


def run(change: int, seconds: float, **rules: Rule) -> Cluster:
    cluster = Cluster(COSTS, {**shipped(), **rules}, Class(5, 25), iter([(0.0, change)]))
    cluster.run(seconds)
    return cluster


def test_a_steady_load_ends_at_the_rules_count_with_no_late_label() -> None:
    cluster = run(40, 1200)
    target = shipped()["live-worker"].targets["moodstream_demand_faces"]
    assert abs(cluster.log.workers[-1] * target / (40 * 5 * (25 + Demand.MESSAGE_FACES)) - 1) <= 0.2
    assert cluster.open_streams == 40
    assert sum(cluster.log.late[-300:]) == 0
    assert sum(cluster.log.late) > 0, "the surge itself cannot be served by the minimum"


def test_without_streams_everything_stays_at_its_minimum() -> None:
    cluster = run(0, 1800)
    assert set(cluster.log.workers) == {shipped()["live-worker"].minimum}
    assert sum(cluster.log.faces) == 0


def test_a_real_run_is_simulated_with_its_own_rule_and_class() -> None:
    policy = {"type": "Percent", "value": 100, "periodSeconds": 15}
    hpa = {
        "minReplicas": 1,
        "maxReplicas": 5,
        "behavior": {
            "scaleUp": {"policies": [policy, {"type": "Pods", "value": 4, "periodSeconds": 15}]},
            "scaleDown": {"policies": [policy], "stabilizationWindowSeconds": 60},
        },
        "metrics": [
            {
                "type": "External",
                "external": {"metric": {"name": "moodstream_demand_faces"}, "target": {"averageValue": "20"}},
            }
        ],
    }
    demand = [(float(at), 108.0 if 10 <= at < 250 else 0.0) for at in range(0, 400, 5)]
    run = {
        "class": {"streams": 1, "faces": 25, "fps": 4, "seconds": 240},
        "pod_start_s": [10.0, 20.0],
        "rule": {"spec": hpa},
        "worker_cores": "150m",
        "from_1_to_5_s": 40.0,
        "load_end_until_1_s": 90.0,
        "changes": [
            {"s": 0.0, "wanted_ready": [1, 1]},
            {"s": 20.0, "wanted_ready": [5, 1]},
            {"s": 320.0, "wanted_ready": [1, 5]},
        ],
        "demand": demand,
        "load": {"answers": {"ok": 9, "stale": 1}},
    }
    said = against({"autoscale": run}, {"live worker": 0.025, "detector": 0.05}, 2.0)
    least, _, most = said["rule_alone_on_the_real_demand"]["five_wanted_at_s"]["simulated"]
    assert 10 <= least <= most <= 10 + 15, "the first look after the demand is there"
    least, _, most = said["rule_alone_on_the_real_demand"]["one_wanted_at_s"]["simulated"]
    assert 250 + 60 - 15 <= least <= most <= 250 + 60 + 30, "a window after the last high demand"
    assert said["up_s"]["simulated"][0] > 10, "the pods that were asked for must start first"
    assert said["not_in_time"]["real"] == 0.1


def test_what_the_shipped_maxima_hold_fits_and_one_more_does_not() -> None:
    rules, kind = shipped(), Class(5, 25)
    seconds = {"detector": 0.08, "page": 0.002, "redis": 0.0005}
    held = within(rules, kind, seconds)
    most = {name: rules[name].maximum for name in ("live-worker", "detector", "page")}

    def fits(streams: int) -> bool:
        counts = replicas(without_maxima(rules), streams, kind, seconds)
        return all(counts[name] <= most[name] for name in most)

    assert held > 10
    assert fits(held)
    assert not fits(held + 1)
