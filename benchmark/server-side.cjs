/**
 * Runs on the server, given on standard input to its Node: what has to be timed beside the containers. Prints one JSON
 * object. `floor`: the live release's routed containers, started at once by `docker run` in the free slot. `deploy NAME`:
 * `recoloca deploy` of the live release's images under another name, and the memory of its processes. `rollback present` or
 * `pruned`: back to the release before. `grow COUNT IMAGE`: a release of so many services.
 */
"use strict";
const fs = require("node:fs");
const http = require("node:http");
const { spawn, execFileSync } = require("node:child_process");

const [, , what, name, images] = process.argv;
const root = "/var/lib/recoloca/recoloca-local";
const read = (file) => JSON.parse(fs.readFileSync(`${root}/${file}`, "utf8"));
const state = read("state.json");
const release = (file) => read(`releases/${state.live.number}/${file}`);

const get = (host, port, path) =>
  new Promise((done) => {
    const request = http.get({ host, port, path, agent: false, timeout: 1000 }, (response) => {
      response.resume().on("end", () => done(response.statusCode));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => done(0));
  });

async function healthy(host, port, path) {
  const limit = Date.now() + 60_000;
  while ((await get(host, port, path)) !== 200) {
    if (Date.now() > limit) throw new Error(`http://${host}:${port}${path} did not answer with 200 in 60s`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

const run = (program, args, env, input) =>
  new Promise((done) => {
    const child = spawn(program, args, { stdio: [input === undefined ? "ignore" : "pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    child.on("close", (code) => done({ code, output }));
    if (input !== undefined) child.stdin.end(input);
  });

async function floor() {
  const free = state.live.slot === "blue" ? "green" : "blue";
  const { services, secrets } = release("release.compose.json");
  const routed = { backend: [8000, "/api/v1/health"], frontend: [3000, "/"] };
  const began = performance.now();
  await Promise.all(
    Object.entries(routed).map(async ([service, [port, path]]) => {
      const address = `10.201.${state.networks[free]}.${state.addresses[service]}`;
      const environment = services[service].environment ?? {};
      const flags = Object.keys(environment).flatMap((key) => ["--env", key]);
      const given = (services[service].secrets ?? []).flatMap(({ source }) => ["--volume", `${secrets[source].file}:/run/secrets/${source}:ro`]);
      await run(
        "docker",
        ["run", "--detach", "--name", `floor-${service}`, "--network", `recoloca-local_${free}`, "--ip", address, ...flags, ...given, services[service].image],
        environment,
      );
      await healthy(address, port, path);
    }),
  );
  const milliseconds = performance.now() - began;
  execFileSync("docker", ["rm", "--force", "floor-backend", "floor-frontend"]);
  return { milliseconds };
}

/** The highest resident memory of all the host program's processes together, in KiB. */
function memory(peaks) {
  for (const pid of fs.readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)))
    try {
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (!/\/node$/.test(command[0]) || !command.some((word) => word.endsWith("recoloca.js"))) continue;
      const kib = Number(/^VmHWM:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
      peaks[pid] = kib;
    } catch {
      // It ended between the two looks.
    }
}

async function deploy() {
  const plan = { ...release("plan.json"), release: name, images: JSON.parse(images) };
  const peaks = {};
  const sampling = setInterval(() => memory(peaks), 250);
  const began = Date.now();
  const { code, output } = await run("/usr/local/bin/recoloca", ["deploy"], {}, JSON.stringify(plan));
  const ended = Date.now();
  clearInterval(sampling);
  const number = Math.max(...fs.readdirSync(`${root}/releases`).map(Number));
  const journal = fs
    .readFileSync(`${root}/releases/${number}/journal.jsonl`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const at = (wanted) => Date.parse(journal.find((line) => line.state === wanted)?.at) - began;
  return {
    steps: journal.map((line) => [Date.parse(line.at) - began, line.text]),
    code,
    output,
    number,
    switched: at("switched"),
    verified: at("verified"),
    workers: at("workers"),
    watched: at("watched"),
    ended: ended - began,
    kib: Object.values(peaks).reduce((sum, one) => sum + one, 0),
  };
}

/** When a state was reached, in seconds since `began`. */
function reached(stack, number, state, began) {
  const lines = fs.readFileSync(`/var/lib/recoloca/${stack}/releases/${number}/journal.jsonl`, "utf8").trim().split("\n").map(JSON.parse);
  const text = lines.find((line) => line.state === "pulled")?.text ?? "";
  const at = lines.find((line) => line.state === state);
  if (!at) throw new Error(`release ${number} never was ${state}: ${lines.at(-1)?.text}`);
  return { serving: (Date.parse(at.at) - began) / 1000, pulled: Number(/pulled, ([\d.]+)s/.exec(text)?.[1] ?? 0) };
}

/** To the release before, whose images are there or are not. */
async function rollback() {
  const record = (number) => read(`releases/${number}/record.json`);
  const live = record(state.live.number);
  const numbers = fs
    .readdirSync(`${root}/releases`)
    .map(Number)
    .sort((a, b) => b - a);
  const target = numbers.map(record).find((one) => one.outcome === "live" && one.release !== live.release);
  if (name === "pruned")
    for (const image of Object.values(target.images)) if (!Object.values(live.images).includes(image)) await run("docker", ["rmi", "--force", image]);
  const began = Date.now();
  const { code, output } = await run("/usr/local/bin/recoloca", ["rollback", String(target.number)], {});
  if (code !== 0) throw new Error(output);
  return reached("recoloca-local", numbers[0] + 1, "verified", began);
}

/** A second release of so many services, beside the first one. */
async function grow() {
  const services = Array.from({ length: Number(name) }, (_, index) => `web${index}`);
  const web = `require("node:http").createServer((request, response) => response.end("ok")).listen(8000)`;
  const plan = (version) => ({
    ...release("plan.json"),
    application: "growth",
    environment: "test",
    release: version,
    compose: JSON.stringify({
      services: Object.fromEntries(services.map((one) => [one, { image: one, init: true, command: ["node", "-e", web], environment: { VERSION: version } }])),
    }),
    images: Object.fromEntries(services.map((one) => [one, images])),
    variables: {},
    masked: [],
    routes: services.map((one) => ({ host: `${one}.growth.test`, path: "/", service: one, port: 8000 })),
    gates: services.map((one) => ({ name: one, path: "/", host: `${one}.growth.test`, status: 200, timeout: 300, passes: 3 })),
    backup: undefined,
    migration: undefined,
    watch: 0,
    drain: 1,
  });
  let began;
  for (const version of ["1", "2"]) {
    began = Date.now();
    const { code, output } = await run("/usr/local/bin/recoloca", ["deploy"], {}, JSON.stringify(plan(version)));
    if (code !== 0) throw new Error(output);
  }
  const { serving } = reached("growth-test", 2, "verified", began);
  await run("/usr/local/bin/recoloca", ["remove", "--application", "growth", "--environment", "test", "--volumes"], {});
  return { services: services.length, serving };
}

({ floor, deploy, rollback, grow })[what]().then((result) => process.stdout.write(JSON.stringify(result)));
