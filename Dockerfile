# The program alone: `docker run --rm -v "$PWD:/repo" -u "$(id -u)" skant scan .`
# There is no git in it, which `skant ci --fetch` and nothing else needs.
FROM rust:1.95-alpine AS build
# Of the version that goes with this Alpine.
# hadolint ignore=DL3018
RUN apk add --no-cache musl-dev
WORKDIR /source
COPY . .
RUN cargo build --release --locked

FROM scratch
COPY --from=build /source/target/release/skant /skant
WORKDIR /repo
ENTRYPOINT ["/skant"]
