"""How the pods run: without rights, within limits, spread, and with time to end."""

from __future__ import annotations

from tests.k8s.manifests import OURS, Manifests, selects


def test_pods_are_restricted_and_without_rights(overlay: Manifests) -> None:
    namespace = overlay.one("Namespace", "moodstream")["metadata"]["labels"]
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"
    accounts = {account["metadata"]["name"]: account for account in overlay.of("ServiceAccount")}
    assert not overlay.of("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    for name, template in overlay.pods().items():
        pod = template["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert accounts[pod["serviceAccountName"]]["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False, "a Service would set variables with the names of settings"
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
        for volume in pod.get("volumes", []):
            # Only the page takes files that may lie on a disk for minutes; frames never do.
            assert ("medium" not in volume["emptyDir"]) == (name == "page"), f"{name} could write a frame to a disk"
            assert "sizeLimit" in volume["emptyDir"]


def test_requests_limits_probes_spread_and_budgets(overlay: Manifests) -> None:
    budgets = {b["metadata"]["name"] for b in overlay.of("PodDisruptionBudget")}
    for name, container in overlay.containers():
        requests, limits = set(container["resources"]["requests"]), set(container["resources"]["limits"])
        assert requests == limits == {"cpu", "memory"} | ({"ephemeral-storage"} if name == "page" else set())
        assert {"readinessProbe", "livenessProbe"} <= set(container)
        if name in OURS:
            assert name in budgets
            assert container["startupProbe"]["httpGet"]["path"] == "/readyz"
            # When Redis is away no pod may fall out for it: all would at once.
            assert container["readinessProbe"]["httpGet"]["path"] == "/livez"
            assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
            spread = overlay.pods()[name]["spec"]["topologySpreadConstraints"]
            assert {one["topologyKey"] for one in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
            for one in spread:
                assert selects(one["labelSelector"], overlay.pods()[name]["metadata"]["labels"])


def test_time_to_end_is_longer_than_what_ending_takes(overlay: Manifests) -> None:
    for name in OURS:
        ((_, container),) = [(n, c) for n, c in overlay.containers() if n == name]
        before = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert overlay.pods()[name]["spec"]["terminationGracePeriodSeconds"] >= before + 15
        assert (before > 0) == (name in {"page", "detector"}), "who takes connections waits until no new ones come"
