/** The page. It asks the API in the browser, under the same host name, and shows which version answered. */
"use strict";
const fs = require("node:fs");
const http = require("node:http");

const version = fs.existsSync(`${__dirname}/VERSION`) ? fs.readFileSync(`${__dirname}/VERSION`, "utf8").trim() : "1";
const page = fs.readFileSync(`${__dirname}/page.html`, "utf8").replaceAll("{{version}}", version);

const server = http.createServer((request, response) => {
  response.setHeader("X-Version", version);
  if (request.url === "/health") return response.end(JSON.stringify({ status: "ok", version }));
  if (request.url.split("?")[0] !== "/") {
    response.statusCode = 404;
    return response.end("not found\n");
  }
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(page);
});
// Longer than the edge keeps an idle connection, so that it is never this side that closes under a request.
server.keepAliveTimeout = 75_000;
server.listen(3000);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
