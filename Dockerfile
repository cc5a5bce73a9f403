# Everything in one container, as `moodstream up` starts it: for a small server or a Hugging Face Docker Space.
# docker build -t moodstream . && docker run -p 7860:7860 moodstream
# A release pins the base's digest: --build-arg BASE=python:3.11-slim@sha256:…
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /app
# For `strip`: a quarter of MediaPipe's library is symbols for a debugger.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils
COPY locks/install locks/local.txt locks/
RUN --mount=type=cache,target=/root/.cache/pip locks/install local \
    && strip --strip-unneeded /opt/venv/lib/python3*/site-packages/mediapipe/tasks/c/*.so /opt/venv/lib/python3*/site-packages/lap/*.so
COPY moodstream moodstream
COPY detector_service detector_service
# Only the fetching of the model files needs pip.
RUN --mount=type=cache,target=/root/.cache/pip \
    MOODSTREAM_CACHE=/opt/moodstream /opt/venv/bin/python -m detector_service.models \
    && /opt/venv/bin/python -m pip uninstall --yes --quiet pip
COPY classifier_service classifier_service
COPY worker worker
COPY frontend frontend
RUN rm ./*/*Dockerfile && python -m compileall -q .

FROM ${BASE}
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/moodstream /opt/moodstream
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    LD_LIBRARY_PATH=/opt/moodstream/mediapipe/lib MOODSTREAM_CACHE=/opt/moodstream \
    MOODSTREAM_PAGE_HOST=0.0.0.0 MOODSTREAM_PAGE_PORT=7860
# A Space runs its container under this number.
USER 1000:1000
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["python", "-m", "moodstream.probe", "http://127.0.0.1:7860/livez"]
CMD ["python", "-m", "moodstream", "up"]
# Last, so that two versions share the layers above.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Moodstream" \
      org.opencontainers.image.description="The facial expression of every face, live: the whole product in one container" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
