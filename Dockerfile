# Multi-stage: the binary has no dependencies, so the image holds it, the
# certificates to reach sources by, and an empty /data owned by its user.
FROM golang:1.26 AS build
ARG VERSION=container
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /throughline ./cmd/throughline \
 && mkdir /data /scratch

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /throughline /throughline
COPY --from=build --chown=65532:65532 --chmod=700 /data /data
COPY --from=build --chmod=1777 /scratch /tmp
USER 65532:65532
WORKDIR /data
# Queries over many issues sort on disk, beside the databases: /tmp may be
# missing, or in memory.
ENV THROUGHLINE_DATA_DIR=/data SQLITE_TMPDIR=/data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/throughline", "healthcheck"]
ENTRYPOINT ["/throughline"]
CMD ["serve"]
