# Caddy in front of ComfyUI: TLS and a login. Built by docker-compose.yml.
ARG CADDY_IMAGE=caddy:2.11.7-alpine

FROM ${CADDY_IMAGE}
# The binary carries a file capability, and a container that may gain none refuses to start it; a copy carries none.
ARG REELC_UID=1000
ARG REELC_GID=1000
RUN cp /usr/bin/caddy /usr/bin/caddy-plain \
 && mv /usr/bin/caddy-plain /usr/bin/caddy \
 && mkdir -p /config/caddy /data/caddy \
 && chown -R "${REELC_UID}:${REELC_GID}" /config /data
COPY docker/Caddyfile /etc/caddy/Caddyfile
COPY --chmod=755 docker/proxy-start /usr/local/bin/
USER ${REELC_UID}:${REELC_GID}
CMD ["proxy-start"]
