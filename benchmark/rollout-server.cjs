/**
 * Runs on the server: docker-rollout's method, as its documentation describes it (twice as many containers, wait until the new ones are
 * healthy, stop and remove the old ones), service by service, behind a proxy that follows the engine's events. That proxy is HAProxy here,
 * told of each container that runs and is healthy at once; Traefik, which that documentation uses, gathers changes for two seconds.
 *
 *     node rollout-server.cjs route          the proxy, on port 8090, until it is killed
 *     node rollout-server.cjs roll           prints {"serving": ms, "ended": ms}; exit code 1 where the new ones are not healthy
 */
"use strict";
const fs = require("node:fs");
const net = require("node:net");
const { execFileSync, spawn } = require("node:child_process");

const PROJECT = "plain";
const PORTS = { backend: 8000, frontend: 3000 };
const SOCKET = "/run/rollout.sock";
const HEALTHY_WITHIN = 60_000;

const docker = (...words) => execFileSync("docker", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
const lines = (text) => text.split("\n").filter(Boolean);
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const compose = (...words) => docker("compose", "--project-name", PROJECT, "--progress", "quiet", ...words);
const inspect = (ids) => (ids.length === 0 ? [] : JSON.parse(docker("inspect", ...ids)));

const CONFIGURATION = `global
  stats socket ${SOCKET} level admin
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
frontend all
  bind :8090
  use_backend backend if { path_beg /api }
  default_backend frontend
${Object.keys(PORTS)
  .map((service) => `backend ${service}\n${[0, 1].map((slot) => `  server s${slot} 127.0.0.1:1 disabled\n`).join("")}`)
  .join("")}`;

const tell = (commands) =>
  new Promise((done, fail) => {
    const socket = net.connect(SOCKET, () => socket.end(`${commands.join(";")}\n`));
    socket.resume().on("close", done).on("error", fail);
  });

async function route() {
  fs.writeFileSync("/run/rollout.cfg", CONFIGURATION);
  const proxy = spawn("haproxy", ["-f", "/run/rollout.cfg"], { stdio: "inherit" });
  process.on("SIGTERM", () => (proxy.kill("SIGKILL"), process.exit(0)));
  while (!fs.existsSync(SOCKET)) await sleep(20);
  const slots = {};
  const look = async () => {
    for (const [service, port] of Object.entries(PORTS)) {
      const found = inspect(
        lines(docker("ps", "--quiet", "--filter", `label=com.docker.compose.project=${PROJECT}`, "--filter", `label=com.docker.compose.service=${service}`)),
      );
      const serving = found
        .filter((one) => one.State.Running && one.State.Health?.Status === "healthy")
        .map((one) => Object.values(one.NetworkSettings.Networks)[0].IPAddress);
      const held = (slots[service] ??= [undefined, undefined]);
      const commands = [];
      for (const slot of [0, 1])
        if (held[slot] && !serving.includes(held[slot])) {
          held[slot] = undefined;
          commands.push(`set server ${service}/s${slot} state maint`);
        }
      for (const address of serving.filter((one) => !held.includes(one)).slice(0, 2)) {
        const slot = held.indexOf(undefined);
        if (slot < 0) break;
        held[slot] = address;
        commands.push(`set server ${service}/s${slot} addr ${address} port ${port}`, `set server ${service}/s${slot} state ready`);
      }
      if (commands.length > 0) await tell(commands);
    }
  };
  const events = spawn("docker", [
    "events",
    "--filter",
    "type=container",
    "--filter",
    `label=com.docker.compose.project=${PROJECT}`,
    "--format",
    "{{.Action}}",
  ]);
  let wanted = true;
  events.stdout.setEncoding("utf8").on("data", (text) => (wanted ||= lines(text).some((one) => !one.startsWith("exec"))));
  for (;;) {
    if (wanted) {
      wanted = false;
      await look().catch(() => (wanted = true));
    }
    await sleep(10);
  }
}

async function roll() {
  const began = Date.now();
  let serving = 0;
  for (const service of Object.keys(PORTS)) {
    const old = lines(compose("ps", "--quiet", service));
    compose("up", "--detach", "--no-deps", "--no-recreate", "--scale", `${service}=${2 * old.length}`, service);
    const made = lines(compose("ps", "--quiet", service)).filter((id) => !old.includes(id));
    const limit = Date.now() + HEALTHY_WITHIN;
    while (!inspect(made).every((one) => one.State.Health?.Status === "healthy")) {
      if (Date.now() > limit) {
        docker("rm", "--force", ...made);
        process.exitCode = 1;
        return { serving: null, ended: Date.now() - began };
      }
      await sleep(100);
    }
    serving = Date.now() - began;
    docker("stop", ...old);
    docker("rm", ...old);
  }
  compose("up", "--detach", "--no-deps", "worker");
  return { serving, ended: Date.now() - began };
}

({ route, roll })[process.argv[2]]().then((result) => process.stdout.write(`${JSON.stringify(result)}\n`));
