# The programs are installed in one stage with the pinned, hashed requirements; the next one keeps nothing but them.
FROM python:3.13.9-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/hall
WORKDIR /src
COPY requirements/run.txt requirements/
RUN /opt/hall/bin/pip install --require-hashes --only-binary :all: -r requirements/run.txt
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY search search
COPY market market
COPY scripts scripts
RUN /opt/hall/bin/pip install --no-deps --no-build-isolation . \
    && /opt/hall/bin/python -m compileall -q /opt/hall/lib

FROM python:3.13.9-slim-trixie
RUN useradd --system --uid 10001 --home-dir /var/lib/release-hall --create-home --shell /usr/sbin/nologin hall
COPY --from=build /opt/hall /opt/hall
ENV PATH=/opt/hall/bin:$PATH PYTHONUNBUFFERED=1 MARKET_DATA_DIR=/var/lib/release-hall
USER 10001
WORKDIR /var/lib/release-hall
EXPOSE 8000
ENTRYPOINT ["market"]
CMD ["serve", "--host", "0.0.0.0"]
