# One image for every command: serve, worker, migrate, doctor, backup. It runs as a user of its own and writes to DATA_DIR and
# /tmp only, so the root file system may be read-only.
#
# Behind a proxy with a certificate authority of its own, give the build the certificates that your machine trusts:
#   docker build --secret id=certificates,src=/etc/ssl/certs/ca-certificates.crt .

FROM python:3.11-slim-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
ENV UV_SYSTEM_CERTS=1 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt
WORKDIR /build
COPY requirements requirements
RUN --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
    && uv venv /opt/recomengine \
    && uv pip install --no-cache --python /opt/recomengine --compile-bytecode --require-hashes -r requirements/runtime.txt
COPY scripts/slim.py scripts/slim.py
RUN python scripts/slim.py /opt/recomengine/lib/python3.11/site-packages
COPY pyproject.toml setup.py README.md ./
COPY migrations migrations
COPY src src
COPY sdk sdk
COPY dashboard dashboard
RUN --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    uv build --no-cache --wheel --build-constraints requirements/dev.txt --require-hashes --out-dir dist \
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
