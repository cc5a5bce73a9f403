"""A client of the detector service for Python programs."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx

from moodstream.types import FrameReading


class ServiceError(RuntimeError):
    """The detector service could not be reached or answered something else than an answer."""


class Client:
    """Sends pictures to a detector service: ``with Client("http://127.0.0.1:8000") as client: client.read(bytes)``."""

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def is_ready(self) -> bool:
        """Whether the service says that a frame would be answered."""
        try:
            return self._http.get("/readyz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def read(self, picture: bytes) -> FrameReading:
        """The answer to one JPEG, PNG or WebP picture; a refused picture is an answer with status ``error``.

        Raises:
            ServiceError: no answer came.
        """
        try:
            answer = self._http.post(
                "/v1/frames", content=picture, headers={"Content-Type": "application/octet-stream"}
            )
            return FrameReading.from_json(answer.json())
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            raise ServiceError(f"no answer from the detector service at {self._http.base_url}: {error}") from error
