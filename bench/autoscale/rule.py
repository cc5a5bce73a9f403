"""Kubernetes' horizontal autoscaler, as far as our manifests use it: counts in, a count out.

After the algorithm that Kubernetes documents for ``autoscaling/v2``: a ratio with a tolerance, a stabilisation window
for falling recommendations, and policies that bound how much may change in a period.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

#: How often the autoscaler looks, and how far from its target a metric may be, as Kubernetes sets them.
SYNC_S, TOLERANCE = 15.0, 0.1
_DEFAULT_UP = {
    "stabilizationWindowSeconds": 0,
    "policies": [
        {"type": "Percent", "value": 100, "periodSeconds": 15},
        {"type": "Pods", "value": 4, "periodSeconds": 15},
    ],
}
_DEFAULT_DOWN = {
    "stabilizationWindowSeconds": 300,
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}


@dataclass(frozen=True)
class Policy:
    """At most ``value`` pods, or per cent of the pods, in ``period_s`` seconds."""

    kind: str
    value: float
    period_s: float


@dataclass(frozen=True)
class Rule:
    """One HorizontalPodAutoscaler."""

    minimum: int
    maximum: int
    targets: dict[str, float]
    up: tuple[Policy, ...]
    down: tuple[Policy, ...]
    down_window_s: float

    @classmethod
    def of(cls, body: dict[str, Any]) -> Rule:
        """The rule in a manifest; a metric is called by its name, processor time ``cpu`` (cores)."""
        spec = body["spec"]
        behavior = spec.get("behavior", {})
        up, down = behavior.get("scaleUp", _DEFAULT_UP), behavior.get("scaleDown", _DEFAULT_DOWN)
        targets = {}
        for metric in spec["metrics"]:
            if metric["type"] == "External":
                external = metric["external"]
                targets[external["metric"]["name"]] = float(external["target"]["averageValue"])
            else:
                targets[metric["resource"]["name"]] = cores(metric["resource"]["target"]["averageValue"])
        return cls(
            spec["minReplicas"],
            spec["maxReplicas"],
            targets,
            _policies(up),
            _policies(down),
            down.get("stabilizationWindowSeconds", 300),
        )


def shipped(path: Path = Path(__file__).parents[2] / "k8s/components/hpa/autoscalers.yaml") -> dict[str, Rule]:
    """Deployment → the rule that we ship for it."""
    return {body["spec"]["scaleTargetRef"]["name"]: Rule.of(body) for body in yaml.safe_load_all(path.read_text())}


@dataclass
class Autoscaler:
    """Decides each ``SYNC_S`` seconds; remembers its recommendations and changes."""

    rule: Rule
    _recommended: deque[tuple[float, int]] = field(default_factory=deque)
    _changes: deque[tuple[float, int]] = field(default_factory=deque)

    def decide(self, now: float, current: int, metrics: dict[str, float]) -> int:
        """The new count.

        Args:
            now: seconds.
            current: replicas that there are, ready or not.
            metrics: sums over all replicas of what ``rule.targets`` names.
        """
        wanted = max(_wanted(metrics[name], target, current) for name, target in self.rule.targets.items())
        self._recommended.append((now, wanted))
        while self._recommended[0][0] < now - self.rule.down_window_s:
            self._recommended.popleft()
        if wanted < current:
            wanted = min(current, max(count for _, count in self._recommended))
        wanted = max(min(wanted, self._most(now, current)), self._least(now, current))
        wanted = max(self.rule.minimum, min(wanted, self.rule.maximum))
        if wanted != current:
            self._changes.append((now, wanted - current))
        return wanted

    def _most(self, now: float, current: int) -> int:
        def bound(policy: Policy) -> float:
            before = current - self._changed(now, policy.period_s, 1)
            return before + policy.value if policy.kind == "Pods" else math.ceil(before * (1 + policy.value / 100))

        return int(max(current, *(bound(policy) for policy in self.rule.up)))

    def _least(self, now: float, current: int) -> int:
        def bound(policy: Policy) -> float:
            before = current - self._changed(now, policy.period_s, -1)
            return before - policy.value if policy.kind == "Pods" else math.floor(before * (1 - policy.value / 100))

        return int(min(current, *(bound(policy) for policy in self.rule.down)))

    def _changed(self, now: float, period_s: float, sign: int) -> int:
        return sum(change for at, change in self._changes if at > now - period_s and change * sign > 0)


def _policies(side: dict[str, Any]) -> tuple[Policy, ...]:
    return tuple(Policy(one["type"], one["value"], one["periodSeconds"]) for one in side["policies"])


def cores(quantity: str) -> float:
    """Kubernetes' quantity of processor time."""
    return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def _wanted(total: float, target: float, current: int) -> int:
    if current and abs(total / (target * current) - 1) <= TOLERANCE:
        return current
    return math.ceil(total / target)


def at_rest(rule: Rule, metrics: dict[str, float]) -> int:
    """The count that a steady load ends with."""
    wanted = max(math.ceil(metrics[name] / target) for name, target in rule.targets.items())
    return max(rule.minimum, min(wanted, rule.maximum))
