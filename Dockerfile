# An image with `ironic-mcp http`: see docs/copies.md.
FROM node:22-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:22-slim
WORKDIR /app
# The build has bundled all that the program needs.
COPY --from=build /build/package.json /build/LICENSE ./
COPY --from=build /build/bin bin
COPY --from=build /build/dist dist
USER node
EXPOSE 7385
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7385/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/ironic-mcp.js"]
# Beyond its own machine the program listens only with a token: set IRONIC_MCP_HTTP_TOKEN.
CMD ["http", "--host", "0.0.0.0"]
