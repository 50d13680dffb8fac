# ComfyUI with node packs of reelc's catalog, each at the catalog's commit, for the CPU or for NVIDIA.
# Built by docker-compose.yml, which names the commits.
ARG DEBIAN_IMAGE=debian:trixie-20261005-slim

FROM ${DEBIAN_IMAGE} AS source
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git \
 && rm -rf /var/lib/apt/lists/*
ARG GIT_SERVER=https://github.com
ARG COMFYUI_COMMIT
ARG COGVIDEOX_COMMIT
ARG FRAME_INTERPOLATION_COMMIT
ARG KJNODES_COMMIT
ARG VIDEOHELPERSUITE_COMMIT
COPY --chmod=755 docker/fetch-commit /usr/local/bin/
RUN fetch-commit "${GIT_SERVER}/comfyanonymous/ComfyUI" "${COMFYUI_COMMIT}" /opt/comfyui
WORKDIR /opt/comfyui/custom_nodes
RUN fetch-commit "${GIT_SERVER}/kijai/ComfyUI-CogVideoXWrapper" "${COGVIDEOX_COMMIT}" ComfyUI-CogVideoXWrapper \
 && fetch-commit "${GIT_SERVER}/Fannovel16/ComfyUI-Frame-Interpolation" "${FRAME_INTERPOLATION_COMMIT}" \
    ComfyUI-Frame-Interpolation \
 && fetch-commit "${GIT_SERVER}/kijai/ComfyUI-KJNodes" "${KJNODES_COMMIT}" ComfyUI-KJNodes \
 && fetch-commit "${GIT_SERVER}/Kosinkadink/ComfyUI-VideoHelperSuite" "${VIDEOHELPERSUITE_COMMIT}" \
    ComfyUI-VideoHelperSuite
# This pack names its requirements otherwise, and downloads its models into its own folder: both as the others do it.
WORKDIR /opt/comfyui/custom_nodes/ComfyUI-Frame-Interpolation
RUN cp requirements-no-cupy.txt requirements.txt \
 && rm -rf ckpts \
 && ln -s ../../models/vfi_ckpts ckpts

FROM ${DEBIAN_IMAGE} AS build
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv --without-pip /opt/venv \
 && python3 -m venv /opt/build
COPY docker/comfyui.constraints.txt /src/
COPY --from=source /opt/comfyui /opt/comfyui
# One OpenCV for all packs: its builds overwrite each other, and only the headless ones need no window system.
RUN cat /opt/comfyui/requirements.txt > /src/requirements.txt \
 && for file in /opt/comfyui/custom_nodes/*/requirements.txt; do \
      echo; sed -E 's/^opencv-.*$/opencv-contrib-python-headless/' "$file"; \
    done >> /src/requirements.txt
# PyTorch's index: https://download.pytorch.org/whl/cpu or .../cu130. Its builds rank before PyPI's of the same version.
# The container's file system is read-only, so bytecode is made here.
ARG TORCH_INDEX
RUN /opt/build/bin/pip --python /opt/venv/bin/python install \
    --no-cache-dir --disable-pip-version-check --constraint /src/comfyui.constraints.txt \
    ${TORCH_INDEX:+--extra-index-url "${TORCH_INDEX}"} --requirement /src/requirements.txt \
 && /opt/venv/bin/python -m compileall -q /opt/comfyui

FROM ${DEBIAN_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates curl python3 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/comfyui /opt/comfyui
# What changes lies on volumes: Docker gives a new volume the content and the owner of the folder under it.
ARG REELC_UID=1000
ARG REELC_GID=1000
WORKDIR /opt/comfyui
RUN groupadd --gid "${REELC_GID}" comfyui \
 && useradd --uid "${REELC_UID}" --gid comfyui --home-dir /opt/comfyui/user/home comfyui \
 && mkdir -p models/vfi_ckpts input output user/home user/tmp \
 && chown -R comfyui:comfyui models input output user
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/opt/comfyui/user/home \
    HF_HOME=/opt/comfyui/models/huggingface \
    TMPDIR=/opt/comfyui/user/tmp \
    PYTHONDONTWRITEBYTECODE=1
USER ${REELC_UID}:${REELC_GID}
EXPOSE 8188
CMD ["python", "main.py"]
