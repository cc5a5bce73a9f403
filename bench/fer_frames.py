"""The package ``fer`` at work, in an environment of its own: run by bench/limit.py, which sends a line a block.

A line is ``SECONDS FOLDER``: the JPEGs of the folder are read in turn for so long; the answer is a line of JSON.
"""

import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.pop(0)  # this folder has nothing for it
from fer.fer import FER

reader = FER()
for line in sys.stdin:
    seconds, folder = line.split(maxsplit=1)
    files = [np.frombuffer(path.read_bytes(), np.uint8) for path in sorted(Path(folder.strip()).glob("*.jpg"))]
    reader.detect_emotions(cv2.imdecode(files[0], cv2.IMREAD_COLOR))
    frames = faces = 0
    began = time.perf_counter()
    while (took := time.perf_counter() - began) < float(seconds):
        faces += len(reader.detect_emotions(cv2.imdecode(files[frames % len(files)], cv2.IMREAD_COLOR)))
        frames += 1
    print(json.dumps({"frames": frames, "faces": faces, "seconds": took}), flush=True)
