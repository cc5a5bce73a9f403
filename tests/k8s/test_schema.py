"""Every object, key for key, against the schemas of current Kubernetes, KEDA and the Prometheus Operator."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest

from tests.k8s.manifests import REMEDY, Body, Manifests, rendered

VERSION = "1.37"


@pytest.fixture(scope="module")
def check() -> Any:
    """Raises AssertionError for an object that its schema does not allow, or with a key that it does not know."""
    kubernetes: Any = pytest.importorskip("kubernetes_validate", reason=f"no schemas here: {REMEDY}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the generated models
        keda: Any = pytest.importorskip("cloudcoil.models.keda.v1alpha1", reason=f"no models here: {REMEDY}")
        prometheus: Any = pytest.importorskip("cloudcoil.models.prometheus_operator.v1", reason=REMEDY)
    models = {"keda.sh/v1alpha1": keda, "monitoring.coreos.com/v1": prometheus}

    def check_one(body: Body) -> None:
        if body["apiVersion"] not in models:
            try:
                kubernetes.validate(body, VERSION, strict=True)
            except (kubernetes.ValidationError, kubernetes.SchemaNotFoundError) as error:
                raise AssertionError(f"{body['kind']}/{body['metadata']['name']}: {error.message}") from error
            return
        model = getattr(models[body["apiVersion"]], body["kind"])
        try:
            understood = model.model_validate(body)
        except ValueError as error:
            raise AssertionError(str(error)) from error
        assert understood.model_dump(mode="json", by_alias=True, exclude_unset=True) == body

    return check_one


def test_every_object_is_as_its_schema_says(overlay: Manifests, check: Any) -> None:
    assert overlay.bodies
    for body in overlay.bodies:
        check(body)


@pytest.mark.parametrize("kind", ["Deployment", "NetworkPolicy", "ScaledObject", "PrometheusRule", "ServiceMonitor"])
def test_a_key_that_the_schema_does_not_know_is_refused(kind: str, filled_in: Any, check: Any) -> None:
    body = copy.deepcopy(rendered(filled_in / "overlays/cloud").of(kind)[0])
    check(body)
    body["spec"]["replicsa"] = 3
    with pytest.raises(AssertionError):
        check(body)
