# reelc with everything that checking, previewing and running need, without a GPU.
# Built by docker-compose.yml; docs/master.md says how it is used.
ARG DEBIAN_IMAGE=debian:trixie-20261005-slim

FROM ${DEBIAN_IMAGE} AS build
# Debian keeps only the newest build of a package, so a pinned one would stop the build at its next security update.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
# pip stays behind in this stage.
RUN python3 -m venv --without-pip /opt/reelc \
 && python3 -m venv /opt/build
COPY docker/master.constraints.txt /src/
WORKDIR /src
COPY LICENSE README.md pyproject.toml ./
COPY compiler compiler
COPY docs/diagnostics docs/diagnostics
COPY dsl dsl
COPY reelc reelc
COPY runtime runtime
RUN /opt/build/bin/pip --python /opt/reelc/bin/python install \
    --no-cache-dir --disable-pip-version-check --constraint master.constraints.txt '.[run]'

FROM ${DEBIAN_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates python3 \
 && rm -rf /var/lib/apt/lists/*
# The user's numbers are those of the person who owns the projects folder on the host.
ARG REELC_UID=1000
ARG REELC_GID=1000
RUN groupadd --gid "${REELC_GID}" reelc \
 && useradd --uid "${REELC_UID}" --gid reelc --create-home reelc \
 && install --directory --owner=reelc --group=reelc /projects /state /state/tmp
COPY --from=build /opt/reelc /opt/reelc
COPY examples /opt/reelc/examples
COPY --chmod=755 docker/reelc-healthy /usr/local/bin/
ENV PATH=/opt/reelc/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    REELC_STATE=/state \
    TMPDIR=/state/tmp
USER ${REELC_UID}:${REELC_GID}
WORKDIR /projects
CMD ["reelc", "--help"]
