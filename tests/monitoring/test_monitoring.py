"""Alerts and dashboard: the rules do what they say, and every metric that is named is one that a service tells."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "monitoring"
#: Metrics that Prometheus itself makes.
OF_PROMETHEUS = {"ALERTS"}
TELL = {
    "detector": "from detector_service.metrics import Metrics; r = Metrics().registry",
    "worker": "import worker.metrics; from prometheus_client import REGISTRY as r",
    "page": "import frontend.metrics; from prometheus_client import REGISTRY as r",
}
SAMPLES = """
from prometheus_client import generate_latest
for line in generate_latest(r).decode().splitlines():
    if line.startswith("# TYPE"):
        _, _, name, kind = line.split()
        print(*([name + end for end in ("_bucket", "_sum", "_count")] if kind == "histogram" else [name]))
"""


@pytest.fixture(scope="module")
def told() -> set[str]:
    """Names of all samples that our services tell, each imported as it runs."""
    names: set[str] = set()
    for program in TELL.values():
        done = subprocess.run(
            [sys.executable, "-c", program + SAMPLES], capture_output=True, text=True, check=True, cwd=ROOT
        )
        names |= set(done.stdout.split())
    return names


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not here: apt install prometheus")
    return found


def named(expression: str) -> set[str]:
    """Metrics in a query: the words that are neither functions, nor keywords, nor labels, nor inside quotes."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\$__\w+|\[[^]]*\]|\{[^}]*\}", "", bare)
    bare = re.sub(r"\b(?:by|on|ignoring|without)\s*\([^)]*\)", "", bare)
    words = re.findall(r"\b[a-zA-Z_]\w*\b(?!\s*\()", bare)
    return set(words) - {"and", "or", "unless", "offset", "sum", "avg", "max", "min", "count"} - set(units(words))


def units(words: list[str]) -> list[str]:
    return [word for word in words if re.fullmatch(r"\d*[smhd]", word)]


def rules() -> list[dict]:
    return yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]


def panels() -> list[dict]:
    dashboard = json.loads((MONITORING / "grafana" / "moodstream.json").read_text())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries() -> dict[str, str]:
    asked = {rule["alert"]: rule["expr"] for rule in rules()}
    return asked | {f"{p['title']} {t['refId']}": t["expr"] for p in panels() for t in p["targets"]}


def test_every_metric_that_is_asked_for_is_told(told):
    unknown = {what: names for what, query in queries().items() if (names := named(query) - told - OF_PROMETHEUS)}
    assert unknown == {}
    assert len(told & set().union(*map(named, queries().values()))) > 15


def test_the_check_sees_a_metric_that_nobody_tells(told):
    assert named('sum by (le) (rate(moodstream_made_up_total{code="x"}[5m])) > 0.5 offset 10m') == {
        "moodstream_made_up_total"
    }
    assert "moodstream_made_up_total" not in told


def test_each_alert_is_silent_when_all_is_well_and_speaks_when_not(promtool):
    for arguments in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts.test.yml"]):
        done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False, cwd=MONITORING)
        assert done.returncode == 0, done.stdout + done.stderr
    tested = yaml.safe_load((MONITORING / "alerts.test.yml").read_text())["tests"]
    spoke = {check["alertname"] for test in tested for check in test["alert_rule_test"] if check.get("exp_alerts")}
    silent = {check["alertname"] for check in tested[0]["alert_rule_test"]}
    assert spoke == silent == {rule["alert"] for rule in rules()}


def test_every_query_of_the_dashboard_is_one(promtool, tmp_path):
    recorded = [
        {"record": f"panel:{i}", "expr": query.replace("$__rate_interval", "1m")}
        for i, query in enumerate(queries().values())
    ]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": recorded}]}))
    done = subprocess.run(
        [promtool, "check", "rules", str(tmp_path / "rules.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_panels_do_not_overlap():
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_kubernetes_gets_the_same_rules():
    manifest = yaml.safe_load((ROOT / "k8s/components/monitoring/rules.yaml").read_text())
    assert manifest["spec"] == yaml.safe_load((MONITORING / "alerts.yml").read_text())
