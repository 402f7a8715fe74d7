# The image of `duologue`: one binary, which is every role.
#
#   docker build --tag duologue .
#
# The target `run` is all of it but the binary, for who has one; deployment/local-images.sh takes that way.
#
# BUILD_IMAGE needs Rust and a C compiler; RUN_IMAGE needs glibc no older than BUILD_IMAGE's, libgcc and coreutils'
# `install`, which makes a directory below. At run time there is no need of a shell, of root or of a writable root.
ARG BUILD_IMAGE=rust:1.95-slim-bookworm
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${RUN_IMAGE} AS run
# A volume that is mounted here for the first time takes over owner and mode: keys are for their owner alone.
RUN ["install", "-d", "-m", "700", "-o", "10001", "-g", "10001", "/var/lib/duologue", "/var/lib/duologue/keys"]
LABEL org.opencontainers.image.title="duologue" \
      org.opencontainers.image.description="The backend of a one-to-one messenger, behind gRPC and REST" \
      org.opencontainers.image.licenses="Apache-2.0 OR MIT"
# In a container, loopback reaches nobody. Beyond it the server demands certificates, or the word `--plaintext`.
ENV DUOLOGUE_REST_LISTEN=0.0.0.0:8080 \
    DUOLOGUE_GRPC_LISTEN=0.0.0.0:50051 \
    DUOLOGUE_METRICS_LISTEN=0.0.0.0:9090 \
    DUOLOGUE_KEYS=/var/lib/duologue/keys
WORKDIR /var/lib/duologue
USER 10001:10001
EXPOSE 8080 50051 9090
STOPSIGNAL SIGTERM
# Asks /readyz. Where the listeners speak TLS, it must be told so: --metrics https://… --tls-authorities FILE.
HEALTHCHECK --interval=5s --timeout=6s --start-period=20s --retries=3 CMD ["duologue", "healthcheck"]
ENTRYPOINT ["duologue"]
CMD ["serve"]

FROM ${BUILD_IMAGE} AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package duologue-server

FROM run
# The authorities that a system trusts, where RUN_IMAGE brings none.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /source/target/release/duologue /usr/local/bin/duologue
