# The server, or any other sub-command, from a clean clone:
#   docker build -t deltatape .
#   docker run --rm -v "$PWD:/project" deltatape verify
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Their scripts bring another Node and other programs, of which packing needs none.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm pack --silent --pack-destination /tmp && mkdir /deltatape && tar -xzf /tmp/deltatape-*.tgz -C /deltatape --strip-components 1

FROM node:24-slim
COPY --from=build /deltatape /opt/deltatape
RUN ln -s /opt/deltatape/bin/deltatape.js /usr/local/bin/deltatape
# Beyond the container's own loopback interface it does not start without AUTH_TOKEN or ALLOW_UNPROTECTED=1.
# ALLOWED_HOSTS has the names by which other containers call it.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3300 ALLOWED_HOSTS=deltatape,host.docker.internal
# The user's own project is mounted here: its fixtures, and its deltatape.config.json.
WORKDIR /project
USER node
EXPOSE 3300
HEALTHCHECK --interval=5s --timeout=3s --retries=3 \
  CMD node -e 'fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))'
ENTRYPOINT ["deltatape"]
CMD ["serve"]
