"""Ports and the embedded server of the local stack."""

import socket
import subprocess
import time

import pytest
import redis

from moodstream.local import free_port, valkey_command


def test_free_port_skips_a_taken_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port


def test_the_embedded_server_answers_and_keeps_nothing_on_disk(tmp_path):
    port = free_port(26379)
    process = subprocess.Popen(valkey_command(port), cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=port)
        for _ in range(100):
            try:
                assert client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
        else:
            pytest.fail("no answer within 5 s")
        client.set("frame", b"x")
        assert client.config_get("save")["save"] == ""
        client.close()
    finally:
        process.terminate()
        process.wait(5)
    assert list(tmp_path.iterdir()) == []
