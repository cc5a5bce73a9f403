"""The supervisor with real processes: they come back, they stop in order, and none outlives it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moodstream.supervisor import GRACE_S, Service, Supervisor

SLEEP = [sys.executable, "-c", "import time; print('up'); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)",
]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def until(condition, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)


async def test_restarts_what_ends_and_says_so():
    said = []
    supervisor = Supervisor(lambda name, line: said.append((name, line)))
    supervisor.add(Service("short", [sys.executable, "-c", "import sys; print('hello'); sys.exit(3)"]))
    await until(lambda: said.count(("short", "hello")) >= 2)
    await supervisor.stop()
    assert any("ended with code 3" in line for _, line in said)


async def test_what_is_set_up_wrongly_is_not_started_again():
    said = []
    supervisor = Supervisor(lambda name, line: said.append(line))
    supervisor.add(
        Service("wrong", [sys.executable, "-c", "import os, sys; print('no model'); sys.exit(os.EX_CONFIG)"])
    )
    await until(lambda: supervisor.misconfigured == ["wrong"])
    await supervisor.stop()
    assert said == ["no model"]


async def test_stops_within_the_grace_even_what_ignores_the_order():
    said = []
    supervisor = Supervisor(lambda name, line: said.append((name, line)))
    supervisor.add(Service("stubborn", STUBBORN))
    supervisor.add(Service("calm", SLEEP))
    await until(lambda: len(said) >= 2)
    pids = [supervisor.pid("stubborn"), supervisor.pid("calm")]
    began = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - began < GRACE_S + 1
    assert not any(alive(pid) for pid in pids)


async def test_a_child_gets_its_own_settings():
    said = []
    supervisor = Supervisor(lambda name, line: said.append(line))
    supervisor.add(Service("env", [sys.executable, "-c", "import os; print(os.environ['SEAT'])"], {"SEAT": "7"}))
    await until(lambda: "7" in said)
    await supervisor.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal exists on Linux only")
async def test_nothing_outlives_a_killed_supervisor():
    program = (
        "import asyncio, sys\n"
        "from moodstream.supervisor import Service, Supervisor\n"
        "async def main():\n"
        "    s = Supervisor(lambda n, l: None)\n"
        f"    s.add(Service('child', {SLEEP!r}))\n"
        "    while s.pid('child') is None: await asyncio.sleep(0.01)\n"
        "    print(s.pid('child'), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        os.kill(parent.pid, signal.SIGKILL)
    await until(lambda: not alive(child))
