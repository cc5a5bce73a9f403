"""A detector's stream whose answers say which picture they are about."""

from __future__ import annotations

import io
import json
import threading

import numpy as np
from PIL import Image
from websockets.sync.server import serve

from moodstream.types import Face, FrameReading, Reading
from moodstream.wire import unpack_frame
from tests.clips import number_of

HAPPY = (0.02, 0.01, 0.02, 0.78, 0.03, 0.05, 0.09)


class RecordedDetector:
    """Answers with one face whose seat is the number that the picture shows."""

    def __init__(self):
        self.hellos, self.sizes, self.frames = [], [], []
        self.break_at, self.refuse, self.most_under_way, self.wait = None, None, 0, threading.Event()
        self.wait.set()
        self._server = serve(self._talk, "127.0.0.1", 0, compression=None, max_size=None)
        self.url = f"http://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self):
        self.wait.set()
        self._server.shutdown()
        self._thread.join()

    def _talk(self, socket):
        for message in socket:
            if isinstance(message, str):
                self.hellos.append(json.loads(message))
                if self.refuse:
                    socket.send(json.dumps(FrameReading(status="error", error=self.refuse).to_json()))
                continue
            number, captured_ms, picture = unpack_frame(message)
            self.frames.append(number)
            if number == self.break_at:
                self.break_at = None
                socket.close(1012)
                return
            self.wait.wait()
            image = np.asarray(Image.open(io.BytesIO(picture)))
            self.sizes.append(image.shape[1::-1])
            reading = Reading(Face((8.0, 8.0, 20.0, 20.0), 0.9, (), number_of(image))).read(HAPPY, 0.4)
            answer = FrameReading(
                number, captured_ms, width=image.shape[1], height=image.shape[0], model="fake", readings=(reading,)
            )
            socket.send(json.dumps(answer.to_json()))
