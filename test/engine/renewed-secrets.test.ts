/**
 * All kinds of secrets of a whole stack renewed by `make rotate`'s own function, on the real engine and a real server, while visitors log in: none of the
 * values, neither before nor after, is in anybody's arguments, in a journal or a log, in what Pulumi prints, or in what it keeps.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { must } from "../../local/command.ts";
import { REGISTRY_USER, registryPassword } from "../../local/registry.ts";
import { hostKey, registryContainer, serverName } from "../../local/server.ts";
import { inSite, registryName, testSite } from "../../local/site.ts";
import { answerOf, doorOf, valuesOf, type Configured } from "../../operate/ask-server.ts";
import { rotate } from "../../operate/rotate.ts";
import { newPair } from "../../operate/server-key.ts";
import type { Plan } from "../../release/plan.ts";
import type { ReleaseRecord } from "../../release/record.ts";
import { checkout } from "../../tools/cache.ts";
import { TestStack, type Config } from "../doubles/test-stack.ts";
import { visited, webThatLogsIn } from "../rotated-logins.ts";
import { imagesOf, mustServer, server } from "../site.ts";

const STACK = "renewed";
const folder = inSite(testSite, STACK);
const REGISTRY = { user: "puller", first: "MARKER-first-of-registry", next: "MARKER-next-of-registry" };
const FIRST = { POSTGRES_PASSWORD: "MARKER-first-of-postgres", REDIS_PASSWORD: "MARKER-first-of-redis", SECRET_KEY: "MARKER-first-of-application" };

const WEB = webThatLogsIn(
  "psycopg, redis",
  `body = "ok"
if self.path != "/health":
    with psycopg.connect(host="postgres", dbname="shop", user=os.environ["DATABASE_USER"], password=os.environ["DATABASE_PASSWORD"], sslmode="disable") as database:
        with redis.Redis(host="cache", username=os.environ["REDIS_USER"], password=os.environ["REDIS_PASSWORD"]) as cache:
            body = database.execute("select session_user").fetchone()[0] + " " + cache.acl_whoami()`,
);
const LET_IN = /^200 (shop|recoloca_a) (default|recoloca_a)$/;

let stack: TestStack;
let configuration: Config;
let privateKey: string;
const said: string[] = [];

const setAccount = (password: string) =>
  must("docker", ["exec", "--interactive", registryContainer(testSite), "htpasswd", "-Bi", "/run/htpasswd", REGISTRY.user], { input: password });

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  const { backend, postgres, redis } = await imagesOf("1");
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.writeFileSync(
    path.join(folder, "compose.yaml"),
    `services:
  web:
    image: web
    init: true
    command: ${JSON.stringify(["python3", "-c", WEB])}
    environment: { DATABASE_USER: "\${DATABASE_USER:-shop}", DATABASE_PASSWORD: "\${DATABASE_PASSWORD}", REDIS_USER: "\${REDIS_USER:-default}", REDIS_PASSWORD: "\${REDIS_USER_PASSWORD}", SECRET_KEY: "\${SECRET_KEY}", SECRET_KEY_PREVIOUS: "\${SECRET_KEY_PREVIOUS:-}" }
  postgres:
    image: ${postgres}
    environment: { POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD_FILE: /run/secrets/postgres }
    secrets: [postgres]
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: { test: ["CMD-SHELL", "pg_isready --username shop --host 127.0.0.1"], start_period: 60s, start_interval: 300ms, interval: 10s }
    stop_signal: SIGINT
  cache:
    image: ${redis}
    command: ["sh", "-c", "[ -f /data/users.acl ] || echo \\"user default on >$$(cat /run/secrets/redis) ~* &* +@all\\" > /data/users.acl; exec redis-server --bind 0.0.0.0 --dir /data --aclfile /data/users.acl"]
    secrets: [redis]
    volumes: ["cache:/data"]
volumes: { cache: {}, data: {} }
secrets: { postgres: { environment: POSTGRES_PASSWORD }, redis: { environment: REDIS_PASSWORD } }
`,
  );
  const pair = await newPair("deploy");
  ({ privateKey } = pair);
  await mustServer(`echo "${pair.publicKey.type} ${pair.publicKey.blob} deploy" >> /root/.ssh/authorized_keys`);
  await setAccount(REGISTRY.first);
  vi.stubEnv("RECOLOCA_ACTOR", "ana");
  stack = await TestStack.open({ program: checkout, name: STACK, folder });
  vi.unstubAllEnvs();
  await stack.secret("recoloca:sshPrivateKey", privateKey);
  await stack.secret("recoloca:registryPassword", REGISTRY.first);
  for (const [name, value] of Object.entries(FIRST)) await stack.secret(`recoloca:secrets.${name}`, value);
  configuration = {
    ...{ "recoloca:hostAddress": "127.0.0.1", "recoloca:hostPort": testSite.sshPort, "recoloca:hostKey": hostKey(testSite) },
    ...{ "recoloca:registryServer": registryName(testSite), "recoloca:registryUsername": REGISTRY.user },
    "recoloca:composeFile": path.relative(checkout, path.join(folder, "compose.yaml")),
    "recoloca:routes": [{ host: "shapes.test", path: "/", service: "web", port: 8000 }],
    "recoloca:gates": [{ name: "web", path: "/health", host: "shapes.test" }],
    ...{ "recoloca:watch": "1s", "recoloca:drain": "1s" },
  };
  stack.configure({ ...configuration, "recoloca:images": { web: backend }, "recoloca:release": "1", "recoloca:provenance": { actor: "bo", commit: "c0ffee" } });
  const ran = await stack.up();
  expect(ran.code, ran.output).toBe(0);
  // As after a run of the pipeline: the stack keeps what is live.
  stack.configure(configuration);
});
afterAll(async () => {
  await stack?.destroy();
  await server(`recoloca remove --application recoloca --environment ${STACK} --volumes`);
  await server("sed -i '/ deploy$\\|-generation-/d' /root/.ssh/authorized_keys");
  await mustServer(`recoloca login --server ${registryName(testSite)} --username ${REGISTRY_USER}`, registryPassword(testSite));
});

/** All arguments of all processes, until it is asked for them. */
const ARGUMENTS = `const fs = require("node:fs"), seen = new Set();
const look = () => { for (const one of fs.readdirSync("/proc")) if (/^[0-9]+$/.test(one)) try { seen.add(fs.readFileSync("/proc/" + one + "/cmdline", "utf8")); } catch {} };
const timer = setInterval(look, 10);
process.stdin.on("end", () => { clearInterval(timer); console.log([...seen].join("\\n")); }).resume();`;
function argumentsSeen(program: string, ...before: string[]): () => Promise<string> {
  const looking = spawn(program, [...before, "-e", ARGUMENTS], { stdio: ["pipe", "pipe", "inherit"] });
  let all = "";
  looking.stdout.setEncoding("utf8").on("data", (text: string) => (all += text));
  return async () => {
    looking.stdin.end();
    await new Promise((done) => looking.on("close", done));
    return all;
  };
}

const configurationNow = async () => JSON.parse((await stack.pulumi(["config", "--json", "--show-secrets"])).stdout) as Record<string, Configured>;
const onServer = () => must("docker", ["exec", serverName(testSite), "sh", "-c", "cat /var/lib/recoloca/recoloca-renewed/releases/$(ls /var/lib/recoloca/recoloca-renewed/releases | sort -n | tail -1)/plan.json"]); // prettier-ignore
const newest = async () => JSON.parse(await must("docker", ["exec", serverName(testSite), "sh", "-c", "recoloca show $(recoloca history --json | node -p 'JSON.parse(require(`fs`).readFileSync(0))[0].number') --stack recoloca-renewed --json"])) as ReleaseRecord; // prettier-ignore

/** As `make rotate` does it, with all that it and Pulumi say. */
async function renew(secret: string | undefined, value?: string): Promise<void> {
  let now = await configurationNow();
  const code = await rotate(
    { secret, all: secret === undefined, revoke: false },
    {
      ...{ stack: STACK, application: "recoloca", production: false, who: "ana", today: "2026-11-26", folder: checkout },
      configuration: async () => valuesOf((now = await configurationNow())),
      pulumi: async (args, options) => {
        const ran = await stack.pulumi(args, options);
        said.push(`pulumi ${args.join(" ")}`, ran.output);
        return ran;
      },
      server: (words) => answerOf({ name: STACK, configuration: now }, words),
      door: await doorOf({ name: STACK, configuration: now }),
      askValue: async () => value!,
      agrees: async () => true,
      knows: async () => true,
      print: (line) => void said.push(line),
      summary: path.join(folder, "summary.md"),
    },
  );
  expect(code, said.join("\n")).toBe(0);
}

test("values of both generations are nowhere but where they belong, and no visitor notices", async () => {
  const stop = [argumentsSeen(process.execPath), argumentsSeen("docker", "exec", "--interactive", serverName(testSite), "node")];
  const previews: string[] = [];
  const { answers, wrong } = await visited(LET_IN, async () => {
    await renew(undefined);
    expect((await newest()).provenance).toEqual({ commit: "c0ffee", actor: "ana" });
    // Of a release that would roll, with the values of now.
    const other = { host: "other.test", path: "/", service: "web", port: 8000 };
    stack.configure({ ...configuration, ...stack.kept, "recoloca:routes": [...(configuration["recoloca:routes"] as object[]), other] });
    previews.push((await stack.preview()).output);
    stack.configure({ ...configuration, "recoloca:rotation": stack.kept["recoloca:rotation"] });
    await setAccount(REGISTRY.next);
    await renew("registryPassword", REGISTRY.next);
    await renew("sshPrivateKey");
    previews.push((await stack.preview()).output);
  });
  expect(answers).toBeGreaterThan(100);
  expect(wrong, wrong.join(", ")).toEqual([]);
  const seen = await Promise.all(stop.map((one) => one()));

  const { variables } = JSON.parse(await onServer()) as Plan;
  const made = [variables["DATABASE_PASSWORD"]!, variables["REDIS_USER_PASSWORD"]!, variables["SECRET_KEY"]!];
  const key = (await configurationNow())["recoloca:sshPrivateKey"]!.value!;
  for (const value of made) expect(value).toMatch(/^[A-Za-z0-9]{32,}$/);
  expect(key).not.toBe(privateKey);
  // What is private is in the fourth line below the frame, and reaches into the fifth; the last one is the comment, which authorized_keys has, too.
  const linesOf = (text: string) => text.trim().split("\n").slice(4, 6);
  const values = [...Object.values(FIRST), ...made, REGISTRY.first, REGISTRY.next, ...linesOf(privateKey), ...linesOf(key)];
  expect(values.length).toBeGreaterThan(10);

  const everywhere = {
    "arguments on the operator's machine": seen[0]!,
    "arguments on the server": seen[1]!,
    "the server's journal": await must("docker", ["exec", serverName(testSite), "journalctl", "--output", "verbose", "--no-pager"]),
    "logs of its containers": await must("docker", [
      "exec",
      serverName(testSite),
      "sh",
      "-c",
      "for one in $(docker ps --all --quiet); do docker logs $one 2>&1; done",
    ]),
    "records and history": await must("docker", ["exec", serverName(testSite), "sh", "-c", "cd /var/lib/recoloca/recoloca-renewed/releases; cat */record.json */journal.jsonl; recoloca history --json"]), // prettier-ignore
    "what was printed": said.join("\n"),
    previews: previews.join("\n"),
    state: await stack.state(),
    "what Pulumi keeps, and the summary": await must("sh", ["-c", `cat $(find ${folder} -type f ! -name passphrase)`]),
  };
  // Each of them is really what it says.
  expect(everywhere["arguments on the server"]).toContain("recoloca");
  expect(everywhere["the server's journal"]).toContain("recoloca-deploy");
  expect(everywhere.previews).toMatch(/update/);
  expect(everywhere["what Pulumi keeps, and the summary"]).toContain("POSTGRES_PASSWORD | 1 → 2");
  const found = Object.entries(everywhere).flatMap(([where, text]) =>
    values.flatMap((value) => (text.includes(value) ? [`${where}: ${value.slice(0, 20)}`] : [])),
  );
  expect(found).toEqual([]);
});

test("whoever runs the next update changes nothing by it", async () => {
  const other = await TestStack.open({ program: checkout, name: STACK, folder });
  const ran = await other.up();
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).not.toMatch(/updated|created|deleted|replaced/);
});
