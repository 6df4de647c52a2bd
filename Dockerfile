# The image of the service: one static binary, a data folder, nothing else. Two ways to make it, both with BuildKit:
#
#   docker build .                                              builds the binary from this source
#   docker build --target packed --build-arg BINARY=dist/tocos .    packs a static binary that is already built and tested
#
# docs/operations.md, "The image", says how to run it and what is open.

# Replace by name@sha256:... to pin the toolchain to the byte.
ARG RUST_IMAGE=docker.io/library/rust:1.95-slim-trixie

# What both ways share. WORKDIR after USER makes the folder belong to that user; there is no shell to chown with.
FROM scratch AS settings
ARG VERSION=""
ARG REVISION=""
ARG CREATED=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="tocos" \
      org.opencontainers.image.description="A ledger for users' coins: one durable service with an HTTP API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
# Probes and metrics stay inside the container until TOCOS_INTERNAL_LISTEN says otherwise.
ENV TOCOS_LISTEN=0.0.0.0:8080 \
    TOCOS_INTERNAL_LISTEN=127.0.0.1:9464 \
    TOCOS_DATA_DIR=/var/lib/tocos \
    TOCOS_LOG_FORMAT=json
USER 65532:65532
WORKDIR /var/lib/tocos
VOLUME ["/var/lib/tocos"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["/tocos", "health"]
ENTRYPOINT ["/tocos"]
CMD ["serve"]

FROM settings AS packed
ARG TARGETARCH
ARG BINARY=dist/linux-${TARGETARCH}/tocos
COPY --chmod=0755 ${BINARY} /tocos

FROM ${RUST_IMAGE} AS built
# scripts/build-static.sh would install it too, with every build anew.
RUN cargo install --quiet cargo-auditable --version 0.7.7 --locked
WORKDIR /src
COPY . .
ARG TARGETARCH
ARG REVISION=""
# The caches make the second build fast; nothing of them gets into the image.
RUN --mount=type=cache,id=tocos-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=tocos-target-${TARGETARCH},target=/src/target \
    TOCOS_COMMIT="${REVISION}" scripts/build-static.sh /tocos

FROM settings
COPY --from=built --chmod=0755 /tocos /tocos
