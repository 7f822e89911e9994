# centrifuged with its command line, on Debian 12:
#     docker build -t centrifuged .
#     docker run -p 8000:8000 -e CENTRIFUGO_SECRET=... centrifuged
# docs/packaging.md says how it is configured.
FROM debian:12-slim AS build
WORKDIR /source
# Before the sources: a change of these does not install packages again.
COPY scripts/install-packages scripts/
RUN scripts/install-packages build
COPY . .
RUN scripts/build \
    && cmake --install build/release --strip --component server --prefix /usr/local \
    && cmake --install build/release --strip --component cli --prefix /usr/local

FROM debian:12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libcurl4 libhiredis0.14 libidn2-0 libssl3 libuv1 libyaml-0-2 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home centrifuged
COPY --from=build /usr/local/bin/centrifuged /usr/local/bin/centrifuge-cli /usr/local/bin/
USER centrifuged
EXPOSE 8000
# As process 1 it gets the signals: `docker stop` lets it take leave of its clients.
ENTRYPOINT ["centrifuged"]
