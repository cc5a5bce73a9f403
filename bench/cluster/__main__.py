"""The whole product on a real Kubernetes, under load: ``python -m bench.cluster --kit KIT [--state DIR] [--only …]``.

Builds the images from the unmodified Dockerfiles, applies the manifests, and goes through: a frame through the Service;
live workers 1 → 5 → 1 by the autoscaler; a rolling update of each service; a node's worth of pods lost. Prints what it
saw as JSON; the exit status is 1 if a step failed. Needs root, Prometheus, and a kit (see kit.py) that runs a one-node
cluster here. A cluster that is up already is used, and left up.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.cluster import steps
from bench.cluster.kit import Kit, missing, say
from moodstream.hardware import hardware

STEPS: dict[str, Callable[[Kit], dict[str, Any]]] = {
    "images": steps.images,
    "install": steps.install,
    "autoscale": steps.autoscale,
    "rolling": steps.rolling,
    "node_lost": steps.node_lost,
}


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kit", type=Path, required=True, help="folder with the kit's commands")
    parser.add_argument(
        "--state", type=Path, default=Path(".cluster"), help="where the kit keeps programs, images and logs"
    )
    parser.add_argument("--only", nargs="+", choices=STEPS, default=list(STEPS), help="steps to run, in their order")
    options = parser.parse_args()
    if lacks := missing(options.kit.absolute()):
        sys.exit("This machine lacks:\n" + "\n".join(f"  {one}" for one in lacks))
    result: dict[str, Any] = {"hardware": hardware()}
    failed = False
    with ExitStack() as stack:
        kit = Kit(options.kit.absolute(), options.state.absolute(), stack)
        result["kubernetes"] = json.loads(kit.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
        for name in (name for name in STEPS if name in options.only and not failed):
            say(name)
            try:
                result[name] = STEPS[name](kit)
            except (RuntimeError, TimeoutError) as error:
                result[name], failed = {"failed": str(error)}, True
                say(f"{name} failed: {error}")
    print(json.dumps(result, indent=2))
    sys.exit(failed)


if __name__ == "__main__":
    main()
