/** The host program without Pulumi: put in place on the test server, with plans written by hand. */
import { spawn } from "node:child_process";
import { expect } from "vitest";
import { bootstrapScript } from "../components/host/bootstrap.ts";
import { bundled } from "../components/host/host-program.ts";
import { installScript } from "../components/host/install-scripts.ts";
import { PLAN_FORMAT, type Plan } from "../release/plan.ts";
import type { ReleaseRecord } from "../release/record.ts";
import { must } from "../local/command.ts";
import { registryPassword } from "../local/registry.ts";
import { registryName, testSite } from "../local/site.ts";
import { sshArguments } from "../local/server.ts";
import { imagesOf, mustServer, server, wipe } from "./site.ts";

export async function installHostProgram(): Promise<void> {
  // An operator's commands ask which stack is meant, where there is more than one.
  await wipe();
  const { packed, hash } = await bundled("host");
  await must("ssh", [...sshArguments(testSite), "sh -s"], { input: bootstrapScript() });
  await must("ssh", [...sshArguments(testSite), installScript(hash)], { input: packed });
  await mustServer(`recoloca login --server ${registryName(testSite)} --username recoloca`, registryPassword(testSite));
  await keepLayers();
}

/** Of nearly a gigabyte, which each image of the tests has in common: they would go with the one stack, and the next would wait for them. */
async function keepLayers(): Promise<void> {
  const docker = "docker --config /run/recoloca-test-login";
  const { backend } = await imagesOf("1");
  await mustServer(
    `docker image inspect kept > /dev/null 2>&1 && exit
${docker} login --username recoloca --password-stdin ${registryName(testSite)} && ${docker} pull --quiet ${backend} && docker tag ${backend} kept && docker rmi ${backend}`,
    registryPassword(testSite),
  );
}

/** A plan for an application of one web service called `web`, changed as a test likes. */
export function planFor(image: string, change: Partial<Plan> = {}): Plan {
  return {
    format: PLAN_FORMAT,
    application: "shapes",
    environment: "test",
    release: "1",
    compose: `services:\n  web:\n    image: web\n    init: true\n    command: ${JSON.stringify(WEB)}\n`,
    images: { web: image },
    variables: {},
    masked: [],
    routes: [{ host: "shapes.test", path: "/", service: "web", port: 8000 }],
    gates: [{ name: "web", path: "/", status: 200, timeout: 20, passes: 2, interval: 0.05, host: "shapes.test" }],
    watch: 1,
    drain: 1,
    keep: 1,
    migrate: true,
    notify: [],
    recreate: [],
    provenance: { actor: "a test" },
    definitions: {},
    ...change,
  };
}

/** A web server of the sample's Python, whose answer is what it is given. */
export const webAnswering = (expression: string) => [
  "python3",
  "-c",
  `import os, http.server
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(${expression}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("", 8000), Web).serve_forever()`,
];
const WEB = webAnswering('"hello"');

export async function deployPlan(plan: Plan) {
  const { code, output } = await server("recoloca deploy", JSON.stringify(plan));
  return { code, output };
}

/** One that comes live, which a test begins with. */
export async function mustDeploy(plan: Plan): Promise<void> {
  const ran = await deployPlan(plan);
  expect(ran.code, ran.output).toBe(0);
}

/** A deploy that one can leave: its connection, what it has said so far, and when that ended. */
export function startDeploy(plan: Plan, options = "") {
  const ssh = spawn("ssh", [...sshArguments(testSite), `recoloca deploy ${options}`]);
  let said = "";
  for (const stream of [ssh.stdout, ssh.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  ssh.stdin.on("error", () => undefined).end(JSON.stringify(plan));
  return { cut: () => void ssh.kill("SIGKILL"), ended: new Promise((done) => ssh.on("close", done)), said: () => said };
}

/** The option that lifts a stack's hold, as a person would who wants what was cancelled all the same; empty where there is none. */
export async function lifting({ application, environment }: Plan): Promise<string> {
  const { stdout } = await server(`recoloca live --application ${application} --environment ${environment} --json`);
  const { hold } = JSON.parse(stdout) as { hold?: { number: number } | null };
  return hold ? `--lift ${hold.number}` : "";
}

/** Waits where what was interrupted is still being taken back, and lifts the hold of what was cancelled. */
export async function deployAfterAll(plan: Plan) {
  const { code, output } = await server(`recoloca deploy --wait 60 ${await lifting(plan)}`, JSON.stringify(plan));
  return { code, output };
}

export async function removeStack(plan: Plan): Promise<void> {
  await server(`recoloca remove --application ${plan.application} --environment ${plan.environment} --volumes`);
}

export const records = async () => JSON.parse((await server("recoloca history --json")).stdout) as (ReleaseRecord & { stack: string })[];

/** What the edge answers for a host name. */
export async function get(path: string, host = "shapes.test"): Promise<{ status: number; body: string }> {
  const { stdout } = await server(`curl --silent --max-time 5 --header 'Host: ${host}' --write-out '\\n%{http_code}' http://127.0.0.1${path}`);
  const lines = stdout.split("\n");
  return { status: Number(lines.at(-1)), body: lines.slice(0, -1).join("\n") };
}
