"""A Redis behind TLS with a user and a password, as managed ones are: live and recorded frames go through."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis import AuthenticationError, Redis

from moodstream.client import Stream
from moodstream.local import free_port, valkey_command

USER, PASSWORD = "moodstream", "p%40ss"  # the password is p@ss, written for a URL


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate of localhost, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no `openssl` command to make a certificate with: install openssl")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    words = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {key} -out {made}"
    subprocess.run([*words.split(), "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return made, key


@contextlib.contextmanager
def tls_in_front_of(port: int, certificate: tuple[Path, Path]) -> Iterator[int]:
    """A port on which TLS ends before a plain server."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # one of the two has gone; so does the other
        finally:
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()  # the server is not up yet
            return
        await asyncio.gather(pump(reader, onward[1]), pump(onward[0], writer))

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        loops[0].set_exception_handler(lambda loop, context: None)  # of connections that end in their handshake
        async with await asyncio.start_server(connected, "127.0.0.1", chosen, ssl=tls):
            started.set()
            await until.wait()

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    loops: list[asyncio.AbstractEventLoop] = []
    chosen, started, until = free_port(26700), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(10)
        yield chosen
    finally:
        loops[0].call_soon_threadsafe(until.set)
        thread.join(10)


def wait_until_ready(url: str) -> None:
    deadline, said = time.monotonic() + 150, ""
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.get(f"{url}/readyz", timeout=10)
            if answer.status_code == httpx.codes.OK:
                return
            said = answer.text
        time.sleep(0.2)
    raise AssertionError(f"not ready: {said}")


@pytest.mark.timeout(300)
async def test_live_and_recorded_frames_go_through_tls(certificate: tuple[Path, Path], picture: bytes) -> None:
    plain, detector = free_port(26600), free_port(18300)
    query = f"?ssl_cert_reqs=required&ssl_ca_certs={certificate[0]}"
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(tls_in_front_of(plain, certificate))
        environment = {
            **os.environ,
            "MOODSTREAM_REDIS_URL": f"rediss://{USER}:{PASSWORD}@localhost:{port}/0{query}",
            "MOODSTREAM_RECORDED_REDIS_URL": f"rediss://{USER}:{PASSWORD}@localhost:{port}/1{query}",
            "MOODSTREAM_DETECTOR_PORT": str(detector),
        }
        rights = f"user {USER} on >p@ss ~* &* +@all"
        for command in (
            [*valkey_command(plain), "--user", *rights.split()[1:], "--user", "default", "off"],
            [sys.executable, "-m", "worker", "faces"],
            [sys.executable, "-m", "worker", "recorded"],
            [sys.executable, "-m", "detector_service"],
        ):
            process = subprocess.Popen(command, env=environment)
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
        wait_until_ready(service := f"http://127.0.0.1:{detector}")
        with pytest.raises(AuthenticationError), Redis(port=plain) as nobody:
            nobody.ping()
        assert httpx.post(f"{service}/v1/frames", content=picture, timeout=20).json()["status"] == "ok"
        async with Stream(service, mode="recorded") as stream:
            answer = await stream.read(picture)
        assert (answer.status, len(answer.readings)) == ("ok", 1)
