# The service alone: Postgres and Kafka are given by URL. All packages are checked against the hashes of the lock files.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.lock ./
# The build backend comes from the whole lock, as in a checkout; none of this stage's tools reach the image.
RUN python -m venv /tools && /tools/bin/pip install --require-hashes -r requirements.lock
COPY deploy/requirements.lock deploy/
RUN python -m venv /app && /app/bin/pip install --require-hashes -r deploy/requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY service service
COPY events events
COPY projections projections
COPY sql sql
RUN /tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /app/bin/pip install --no-deps /wheels/*.whl

FROM python:3.13-slim
RUN useradd --system --no-create-home --shell /usr/sbin/nologin payout
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8080
USER payout
WORKDIR /app
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=2)"]
CMD ["payout-ledger", "serve"]
