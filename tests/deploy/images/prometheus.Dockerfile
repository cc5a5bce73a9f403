# Stands in for Prometheus' image: Debian's package.
FROM python:3.11-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus wget \
    && install -d -o nobody /prometheus
USER nobody
ENTRYPOINT ["prometheus"]
