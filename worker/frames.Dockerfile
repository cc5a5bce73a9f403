# A frame worker: docker build -f worker/frames.Dockerfile -t moodstream/frames .
# A release pins the base's digest: --build-arg BASE=python:3.11-slim@sha256:…
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /app
# For `strip`: a quarter of MediaPipe's library is symbols for a debugger.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils
COPY locks/install locks/frames.txt locks/
RUN --mount=type=cache,target=/root/.cache/pip locks/install frames \
    && strip --strip-unneeded /opt/venv/lib/python3*/site-packages/mediapipe/tasks/c/*.so /opt/venv/lib/python3*/site-packages/lap/*.so
COPY moodstream moodstream
COPY detector_service detector_service
# Only the fetching of the model files needs pip.
RUN --mount=type=cache,target=/root/.cache/pip \
    MOODSTREAM_CACHE=/opt/moodstream /opt/venv/bin/python -m detector_service.models \
    && /opt/venv/bin/python -m pip uninstall --yes --quiet pip
COPY worker worker
RUN rm worker/*Dockerfile detector_service/Dockerfile && python -m compileall -q .

FROM ${BASE}
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/moodstream /opt/moodstream
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    LD_LIBRARY_PATH=/opt/moodstream/mediapipe/lib MOODSTREAM_CACHE=/opt/moodstream \
    MOODSTREAM_LOG=json MOODSTREAM_METRICS_HOST=0.0.0.0 MOODSTREAM_METRICS_PORT=8100
USER 10001:10001
EXPOSE 8100
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-m", "moodstream.probe", "http://127.0.0.1:8100/livez"]
CMD ["python", "-m", "worker", "frames"]
# Last, so that two versions share the layers above.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Moodstream frame worker" \
      org.opencontainers.image.description="Finds faces in pictures from a queue" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
