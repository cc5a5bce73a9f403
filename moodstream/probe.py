"""``python -m moodstream.probe URL``: status 0 if the address answers 200, for the health checks of containers."""

from __future__ import annotations

import http.client
import sys
from urllib.parse import urlsplit

_TIMEOUT_S = 4.0


def main() -> None:
    """Ask once.

    Raises:
        SystemExit: with what was answered, or why nothing was.
    """
    address = urlsplit(sys.argv[1])
    connection = http.client.HTTPConnection(address.netloc, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", address.path or "/")
        answer = connection.getresponse()
        body = answer.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise SystemExit(f"{sys.argv[1]}: {error}") from None
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise SystemExit(f"{sys.argv[1]}: {answer.status} {body}")


if __name__ == "__main__":
    main()
