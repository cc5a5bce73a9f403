"""Several hosts on one machine: network namespaces on a bridge that can be cut off one by one (root only)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def missing() -> str | None:
    """What keeps this machine from having such hosts; None if nothing does."""
    if os.geteuid() != 0:
        return "network namespaces need root: run these tests as root"
    if shutil.which("ip") is None:
        return "there is no `ip` command: install iproute2"
    if _run("ip", "netns", "add", name := f"mood{os.getpid()}-try", check=False).returncode:
        return "this machine allows no network namespaces: run with CAP_SYS_ADMIN"
    _run("ip", "netns", "del", name)
    return None


class Network:
    """Hosts by number, from 1, on a bridge in a namespace of its own: the machine's own network stays as it is."""

    def __init__(self, hosts: int) -> None:
        self._prefix = f"mood{os.getpid()}"
        self._names = ["hub", *(str(number) for number in range(1, hosts + 1))]

    def address(self, host: int) -> str:
        return f"10.77.0.{host}"

    def on(self, host: int) -> list[str]:
        """What to put before a command so that it runs on that host."""
        return ["ip", "netns", "exec", self._space(str(host))]

    def cut_off(self, host: int) -> None:
        """Pull the cable: nobody is told, packets vanish."""
        _run("ip", "-n", self._space("hub"), "link", "set", f"port{host}", "down")

    def connect(self, host: int) -> None:
        """Plug it in again."""
        _run("ip", "-n", self._space("hub"), "link", "set", f"port{host}", "up")

    def make(self) -> None:
        hub = self._space("hub")
        for name in self._names:
            _run("ip", "netns", "add", self._space(name))
            _run("ip", "-n", self._space(name), "link", "set", "lo", "up")
        _run("ip", "-n", hub, "link", "add", "bridge", "type", "bridge")
        _run("ip", "-n", hub, "link", "set", "bridge", "up")
        for name in self._names[1:]:
            port, own = f"port{name}", self._space(name)
            _run("ip", "-n", hub, "link", "add", port, "type", "veth", "peer", "name", "cable", "netns", own)
            _run("ip", "-n", hub, "link", "set", port, "master", "bridge", "up")
            _run("ip", "-n", own, "address", "add", f"{self.address(int(name))}/24", "dev", "cable")
            _run("ip", "-n", own, "link", "set", "cable", "up")

    def remove(self) -> None:
        for name in self._names:
            if Path("/run/netns", self._space(name)).exists():
                _run("ip", "netns", "del", self._space(name))

    def _space(self, name: str) -> str:
        return f"{self._prefix}-{name}"


@contextmanager
def network(hosts: int) -> Iterator[Network]:
    """Hosts until the block ends."""
    made = Network(hosts)
    try:
        made.make()
        yield made
    finally:
        made.remove()


def _run(*command: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, check=check, capture_output=True, timeout=20)
