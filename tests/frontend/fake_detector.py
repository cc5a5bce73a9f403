"""A detector that answers every frame with one face where the test clip's marker says it is.

``app.state.change`` turns an answer into another, ``app.state.delay_s`` holds it back: to see what the page does then.

``python -m tests.frontend.fake_detector PORT`` serves it for work on the page.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time

import uvicorn
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from PIL import Image, UnidentifiedImageError

from moodstream.types import Face, FrameReading, Problem, Reading
from moodstream.wire import unpack_frame
from tests.e2e.clip import face_box

HAPPY = (0.02, 0.01, 0.02, 0.78, 0.03, 0.05, 0.09)
app = FastAPI()
app.state.open = 0
app.state.hellos = []
app.state.delay_s = 0.0
app.state.change = lambda answer: answer


def answer(frame: int, captured_ms: int, data: bytes) -> FrameReading:
    """One happy face, or an error for what is not a picture."""
    try:
        picture = Image.open(io.BytesIO(data)).convert("RGB")
    except UnidentifiedImageError:
        return FrameReading(frame, captured_ms, "error", Problem("not_a_picture", "This is not a picture."))
    box = face_box(picture) or (0.3 * picture.width, 0.2 * picture.height, 80.0, 80.0)
    reading = Reading(Face(box, 0.97, ((0.0, 0.0),) * 6)).read(HAPPY, 0.45)
    return FrameReading(
        frame,
        captured_ms,
        width=picture.width,
        height=picture.height,
        detector="fake",
        model="fake",
        unsure_below=0.45,
        readings=(reading,),
        timings_ms={"total": 12.0},
    )


@app.websocket("/v1/stream")
async def stream(ws: WebSocket) -> None:
    await ws.accept()
    app.state.open += 1
    try:
        while True:
            message = await ws.receive()
            if message["type"] == "websocket.disconnect":
                break
            if message.get("text"):
                app.state.hellos.append(json.loads(message["text"]))
                continue
            read = answer(*unpack_frame(message["bytes"]))
            await asyncio.sleep(app.state.delay_s)
            await ws.send_json(app.state.change(read).to_json())
    except WebSocketDisconnect:
        pass
    finally:
        app.state.open -= 1


@app.post("/v1/frames")
async def frames(request: Request) -> JSONResponse:
    read = answer(0, round(time.time() * 1000), await request.body())
    return JSONResponse(read.to_json(), 200 if read.status == "ok" else 415)


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    return {"status": "ready"}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
