# One image for every command: serve, worker, migrate, doctor, backup. It runs as a user of its own and writes to DATA_DIR and
# /tmp only, so the root file system may be read-only.

FROM python:3.11-slim-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
    && uv venv /opt/recomengine \
    && uv pip install --no-cache --python /opt/recomengine --compile-bytecode --require-hashes -r requirements/runtime.txt
COPY pyproject.toml setup.py README.md ./
COPY migrations migrations
COPY src src
COPY sdk sdk
COPY dashboard dashboard
RUN uv build --no-cache --wheel --build-constraints requirements/dev.txt --require-hashes --out-dir dist \
    && uv pip install --no-cache --python /opt/recomengine --compile-bytecode --no-deps dist/*.whl

FROM python:3.11-slim-bookworm
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 recomengine \
    && useradd --system --uid 10001 --gid recomengine --home-dir /var/lib/recomengine --create-home recomengine
COPY --from=build /opt/recomengine /opt/recomengine
ENV PATH=/opt/recomengine/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=5008 DATA_DIR=/var/lib/recomengine
WORKDIR /var/lib/recomengine
USER 10001:10001
EXPOSE 5008
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
ENTRYPOINT ["recomengine"]
CMD ["serve"]
