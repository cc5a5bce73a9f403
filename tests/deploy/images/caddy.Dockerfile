# Stands in for Caddy's image: Debian's package.
FROM python:3.11-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends caddy && install -d /data /config
ENV XDG_DATA_HOME=/data XDG_CONFIG_HOME=/config
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
