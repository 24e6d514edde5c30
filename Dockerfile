# The action's image: the locked packages and ProdLens in a virtual environment, nothing else.
ARG BASE_IMAGE=python:3.13-slim-bookworm

FROM ${BASE_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/prodlens
COPY requirements.lock /tmp/
RUN /opt/prodlens/bin/python -m pip install --quiet --only-binary :all: --require-hashes -r /tmp/requirements.lock
COPY prodlens /tmp/prodlens
# Packages' own tests and headers are never imported; pip has done its work. What is left is compiled once, here.
RUN site="$(/opt/prodlens/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && mv /tmp/prodlens "$site/" \
 && find "$site" -type d \( -name tests -o -name include \) -prune -exec rm -rf {} + \
 && /opt/prodlens/bin/python -m pip uninstall --quiet --yes pip \
 && /opt/prodlens/bin/python -m compileall -q -j 0 "$site"

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="ProdLens" \
      org.opencontainers.image.description="What AI coding assistants cost, and whether usage goes with delivery" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/prodlens /opt/prodlens
# With the lock of what a run installs that reports on an organisation: it would add a quarter to the image of all others.
COPY entrypoint.py requirements-organisation.lock /opt/prodlens/
# Exec form: a shell would drop inputs whose names hold a hyphen. -I: the workflow's PYTHON* variables and folder stay out.
ENTRYPOINT ["/opt/prodlens/bin/python", "-I", "/opt/prodlens/entrypoint.py"]
