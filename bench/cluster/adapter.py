"""Serves ``external.metrics.k8s.io`` from Prometheus by the rules in k8s/components/hpa/prometheus-adapter.yaml.

Stands for the Prometheus Adapter, which cannot be had without an image registry: ``python -m bench.cluster.adapter
ADDRESS PORT CERTIFICATE KEY API PROMETHEUS``. ``/targets`` tells Prometheus which pods to ask, since a Debian
Prometheus is built without Kubernetes' own discovery; API is where ``kubectl proxy`` serves.
"""

from __future__ import annotations

import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from bench.cluster.kit import NAMESPACE

RULES = Path(__file__).parents[2] / "k8s/components/hpa/prometheus-adapter.yaml"
GROUP = "external.metrics.k8s.io/v1beta1"
#: The detector tells its metrics on its own port, the others on one for that; as the monitors say.
PORTS = {"detector": "http"}


def get(url: str, **query: str) -> dict[str, Any]:
    """The JSON object there."""
    reply = httpx.get(url, params=query, timeout=3, trust_env=False)
    return dict(reply.raise_for_status().json())


def value_of(query: str, prometheus: str) -> str | None:
    """What Prometheus answers, None for nothing."""
    result = get(f"{prometheus}/api/v1/query", query=query)["data"]["result"]
    return str(round(float(result[0]["value"][1]))) if result else None


def targets(api: str) -> list[dict[str, Any]]:
    """The pods with metrics, as Prometheus' ``http_sd_configs`` wants them."""
    groups = []
    pods = get(f"{api}/api/v1/namespaces/{NAMESPACE}/pods", labelSelector="app.kubernetes.io/part-of=moodstream")
    for pod in pods["items"]:
        port = PORTS.get(pod["metadata"]["labels"]["app.kubernetes.io/name"], "metrics")
        numbers = {p["name"]: p["containerPort"] for c in pod["spec"]["containers"] for p in c.get("ports", [])}
        if pod["status"].get("podIP") and port in numbers:
            labels = {"namespace": NAMESPACE, "pod": pod["metadata"]["name"]}
            groups.append({"targets": [f"{pod['status']['podIP']}:{numbers[port]}"], "labels": labels})
    return groups


def handler(api: str, prometheus: str) -> type[BaseHTTPRequestHandler]:
    """The request handler for one cluster and its Prometheus."""
    rules = {one["name"]["as"]: one["metricsQuery"] for one in yaml.safe_load(RULES.read_text())["rules"]["external"]}

    def answer(path: str) -> dict[str, Any] | list[dict[str, Any]]:
        if path == "/targets":
            return targets(api)
        if "/namespaces/" not in path:
            about = {"singularName": "", "namespaced": True, "kind": "ExternalMetricValueList", "verbs": ["get"]}
            known = [{"name": name, **about} for name in rules]
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP, "resources": known}
        name = path.rpartition("/")[2]
        value, now = value_of(rules[name], prometheus), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        items = [{"metricName": name, "metricLabels": {}, "timestamp": now, "value": value}] if value else []
        return {"kind": "ExternalMetricValueList", "apiVersion": GROUP, "metadata": {}, "items": items}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = 200, {}
            try:
                body = answer(urlsplit(self.path).path.rstrip("/"))
            except (httpx.HTTPError, KeyError, ValueError) as error:
                status, body = 503, {"kind": "Status", "status": "Failure", "code": 503, "message": repr(error)}
                print(self.path, repr(error), file=sys.stderr, flush=True)
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Silent: the autoscaler asks every few seconds."""

    return Handler


def main() -> None:
    """Serve for ever."""
    address, port, certificate, key, api, prometheus = sys.argv[1:]
    server = ThreadingHTTPServer((address, int(port)), handler(api, prometheus))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
