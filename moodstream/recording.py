"""A client of the detector's stream for recordings: every picture is answered, in order, whatever breaks meanwhile."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.sync.client import ClientConnection, connect

from moodstream.client import ServiceError
from moodstream.types import FrameReading, View
from moodstream.wire import pack_frame

WINDOW = 4
#: For so long a detector that went away may take to come back.
_PATIENCE_S = 60.0
_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0)
#: Fifty faces with their embeddings are far below.
_LARGEST_ANSWER = 16 * 2**20
#: How often somebody who waits for an answer asks whether it is still wanted.
_LOOK_S = 0.2
#: Answers that are about the stream, not about a picture.
_REFUSALS = ("bad_hello", "not_supported", "no_hello", "bad_frame")


@dataclass(frozen=True)
class Wish:
    """What is asked of the detector for a recording.

    ``smoothing``: time constant in seconds, 0 for none, None for the detector's own. ``window``: pictures under way.
    """

    view: View = "individual"
    smoothing: float | None = None
    embeddings: bool = False
    adaptation: dict[str, Any] | None = None
    window: int = WINDOW

    def hello(self, resume: dict[str, Any] | None) -> str:
        """The first message of a stream."""
        return json.dumps(
            {
                "v": 1,
                "mode": "recorded",
                "view": self.view,
                "smoothing": self.smoothing,
                "embeddings": self.embeddings,
                "adaptation": self.adaptation,
                "resume": resume,
                "window": self.window,
            }
        )


class RecordedStream:
    """One recording's pictures: send while there is room in the window, and receive the answers in the same order.

    A connection that breaks is made again, until that is ``cancelled`` or took ``patience_s``: what was not answered is
    sent once more, and seats and smoothing go on from the last answer.

    Raises:
        ServiceError: from every method; the service cannot be reached, or refused what was asked for.
    """

    def __init__(
        self,
        url: str,
        wish: Wish | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._address = url.replace("http", "ws", 1).rstrip("/") + "/v1/stream"
        self._wish, self._cancelled, self._patience_s = wish or Wish(), cancelled, patience_s
        self._unanswered: deque[tuple[int, int, bytes]] = deque()
        self._last: dict[str, Any] | None = None
        self._open = ExitStack()
        try:
            self._socket = self._connect()
        except (WebSocketException, OSError) as error:
            raise self._gone(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    @property
    def under_way(self) -> int:
        """Pictures that are not answered yet."""
        return len(self._unanswered)

    @property
    def full(self) -> bool:
        """Whether an answer must be received before the next picture is sent."""
        return self.under_way >= self._wish.window

    def send(self, frame: int, captured_ms: int, picture: bytes) -> None:
        """Send a JPEG, PNG or WebP picture with its number and its time in the recording, in milliseconds."""
        self._unanswered.append((frame, captured_ms, picture))
        try:
            self._socket.send(pack_frame(frame, captured_ms, picture))
        except (WebSocketException, OSError) as error:
            self._connect_again(error)

    def receive(self, timeout_s: float | None = None) -> FrameReading | None:
        """The answer to the picture that was sent first; None if it has not come within ``timeout_s``."""
        while True:
            try:
                answer = FrameReading.from_json(data := json.loads(self._socket.recv(timeout_s)))
            except TimeoutError:
                return None
            except (WebSocketException, OSError) as error:
                self._connect_again(error)
            except (KeyError, TypeError, ValueError) as error:
                raise ServiceError(f"the detector service sent what is no answer: {error!r}") from error
            else:
                break
        if answer.error is not None and answer.error.code in _REFUSALS:
            raise ServiceError(answer.error.message)
        if not self._unanswered or answer.frame != self._unanswered[0][0]:
            raise ServiceError(f"the detector service answered frame {answer.frame} out of turn")
        self._unanswered.popleft()
        if answer.width is not None:
            self._last = {name: data[name] for name in ("captured_ms", "width", "height", "faces")}
        return answer

    def _connect(self) -> ClientConnection:
        socket = self._open.enter_context(
            connect(
                self._address,
                compression=None,
                proxy=None,
                max_size=_LARGEST_ANSWER,
                open_timeout=5,
                close_timeout=1,
                ping_timeout=60,
            )
        )
        socket.send(self._wish.hello(self._last))
        return socket

    def _connect_again(self, why: Exception) -> None:
        deadline, failures = time.monotonic() + self._patience_s, 0
        while time.monotonic() < deadline and not self._cancelled():
            self._open.close()
            time.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
            failures += 1
            try:
                self._socket = self._connect()
                for number, captured_ms, picture in self._unanswered:
                    self._socket.send(pack_frame(number, captured_ms, picture))
            except InvalidHandshake as error:
                raise self._gone(error) from None
            except (WebSocketException, OSError) as error:
                why = error
            else:
                return
        raise self._gone(why)

    def _gone(self, why: Exception) -> ServiceError:
        return ServiceError(f"the detector service at {self._address} cannot be reached: {why or type(why).__name__}")


def read_picture(
    url: str, picture: bytes, wish: Wish | None = None, cancelled: Callable[[], bool] = lambda: False
) -> FrameReading | None:
    """The answer to one picture that belongs to no video, patiently: it is not refused however busy the service is.

    None if it was cancelled before.

    Raises:
        ServiceError: the service cannot be reached.
    """
    with RecordedStream(url, wish, cancelled) as stream:
        stream.send(0, 0, picture)
        while (answer := stream.receive(_LOOK_S)) is None:
            if cancelled():
                return None
    return answer
