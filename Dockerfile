# syntax=docker/dockerfile:1
# One definition, six images: docker build --target api|socket|worker|batch|gateway|migrate .
# Which runtime runs what stands here and in the package scripts, and nowhere else.
ARG BUN_VERSION=1.4.5
ARG NODE_VERSION=20.20.2

FROM oven/bun:${BUN_VERSION}-slim AS bun

# Node and its headers for the Kafka addon, which is compiled where no prebuilt one can be fetched; Bun for everything else.
FROM node:${NODE_VERSION}-bookworm AS tools
COPY --from=bun /usr/local/bin/bun /usr/local/bin/bun
RUN apt-get update \
 && apt-get install -y --no-install-recommends libssl-dev zlib1g-dev libzstd-dev libsasl2-dev libcurl4-openssl-dev \
 && rm -rf /var/lib/apt/lists/*
ENV CKJS_LINKING=dynamic npm_config_nodedir=/usr/local
WORKDIR /mopl
COPY package.json bun.lock bunfig.toml ./
COPY apps/api/package.json apps/api/
COPY apps/socket/package.json apps/socket/
COPY apps/worker/package.json apps/worker/
COPY apps/batch/package.json apps/batch/
COPY packages/contracts/package.json packages/contracts/
COPY packages/infrastructure/package.json packages/infrastructure/
COPY local/package.json local/
COPY bench/package.json bench/

# What the two Node apps load at run time beside their bundles: the addons. The sources of the one and the other's builds for
# other platforms and versions of Node stay behind.
FROM tools AS addons
RUN bun install --frozen-lockfile --production --filter @mopl/socket --filter @mopl/worker \
 && rm -rf node_modules/.bun/@confluentinc+kafka-javascript@*/node_modules/@confluentinc/kafka-javascript/deps \
 && find node_modules/.bun/uwebsockets@*/ -name 'uws_*.node' ! -name "uws_linux_*_$(node -p process.versions.modules).node" -delete

# What the api loads beside its bundle: sharp, which brings its own libraries, and nothing else needs to be there.
FROM tools AS api-modules
RUN bun install --frozen-lockfile --ignore-scripts --production --filter @mopl/api

# Bundling needs no addon, so no install script runs here.
FROM tools AS build
RUN bun install --frozen-lockfile --ignore-scripts
COPY . .
RUN bun run build

FROM oven/bun:${BUN_VERSION}-slim AS on-bun
WORKDIR /mopl
# The volume of pictures takes its owner from here.
RUN mkdir -p /var/lib/mopl/media && chown bun:bun /var/lib/mopl/media
USER bun
ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080

FROM node:${NODE_VERSION}-bookworm-slim AS on-node
RUN apt-get update \
 && apt-get install -y --no-install-recommends libssl3 zlib1g libzstd1 libsasl2-2 libcurl4 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /mopl
COPY --from=addons /mopl/node_modules node_modules
USER node
ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080

FROM on-bun AS api
COPY --from=api-modules /mopl/node_modules node_modules
COPY --from=api-modules /mopl/apps/api/node_modules apps/api/node_modules
COPY --from=build /mopl/apps/api/dist apps/api/dist
CMD ["bun", "apps/api/dist/main.js"]

FROM on-bun AS batch
COPY --from=build /mopl/apps/batch/dist apps/batch/dist
CMD ["bun", "apps/batch/dist/main.js"]

FROM on-node AS socket
# What nginx lets through is read, also when it comes in pieces: uWebSockets.js itself stops at 4 KB.
ENV UWS_HTTP_MAX_HEADERS_SIZE=65536
COPY --from=addons /mopl/apps/socket/node_modules apps/socket/node_modules
COPY --from=build /mopl/apps/socket/dist apps/socket/dist
CMD ["node", "--enable-source-maps", "apps/socket/dist/main.js"]

FROM on-node AS worker
COPY --from=addons /mopl/apps/worker/node_modules apps/worker/node_modules
COPY --from=build /mopl/apps/worker/dist apps/worker/dist
CMD ["node", "--enable-source-maps", "apps/worker/dist/main.js"]

# nginx with our files inside, for where they cannot be mounted as compose.yaml does. The image's own server makes room.
FROM nginx:1.28.0-bookworm AS gateway
RUN rm /etc/nginx/conf.d/default.conf
COPY nginx/nginx.conf /etc/nginx/nginx.conf
COPY nginx/templates /etc/nginx/templates
COPY nginx/html /usr/share/nginx/html
EXPOSE 8080

# Runs once and exits: the SQL files and what applies them.
FROM build AS migrate
USER node
CMD ["bun", "run", "db:migrate"]
