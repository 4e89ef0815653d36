# The sandbox as a container. Build the program first; the image holds only the program and its licences:
#
#   CGO_ENABLED=0 GOOS=linux go build -trimpath -ldflags="-s -w" -o dist/openplatform ./cmd/openplatform
#   docker build -t openplatform-sandbox .
#   docker run --rm -p 127.0.0.1:8081:8081 openplatform-sandbox
#
# If other containers call it, set the name that they use: -e OPENPLATFORM_SANDBOX_HOST=sandbox.
FROM scratch
COPY LICENSE THIRD_PARTY_LICENSES /
COPY dist/openplatform /openplatform
USER 65532:65532
ENV OPENPLATFORM_SANDBOX_ADDR=:8081
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=3s CMD ["/openplatform", "sandbox", "-wait", "http://127.0.0.1:8081"]
STOPSIGNAL SIGINT
ENTRYPOINT ["/openplatform"]
CMD ["sandbox"]
