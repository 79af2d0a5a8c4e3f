/** Environments of pull requests on a real server: opened, renewed, two at once, closed, over; by a key that can do nothing else there. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admitScript, dismissScript } from "../../components/review-environments/forced-command.ts";
import { offScript } from "../../components/review-environments/index.ts";
import { attempt, must } from "../../local/command.ts";
import { sshArguments } from "../../local/server.ts";
import { registryName, testSite } from "../../local/site.ts";
import type { ReviewPolicy } from "../../release/review.ts";
import { get, installHostProgram, webAnswering } from "../host.ts";
import { installReviewProgram } from "../review-program.ts";
import { imagesOf, server } from "../site.ts";

const APPLICATION = "shapes";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "review-"));
const key = path.join(folder, "key");
let image: string;
let policy: ReviewPolicy;

/** As a pipeline asks: by its key, with words and an input. */
const asked = (words: string, input = "") => {
  const [, , ...others] = sshArguments(testSite);
  return attempt("ssh", ["-i", key, "-o", "IdentitiesOnly=yes", ...others, words], { input });
};
const compose = (more = "") => `services:
  web: { image: web, init: true, command: ${JSON.stringify(webAnswering('os.environ["TOKEN"][:4] + "|" + open("/data/seed").read() if os.path.exists("/data/seed") else "unseeded"'))}, environment: { TOKEN: "\${TOKEN}" }, volumes: ["data:/data"]${more} }
volumes: { data: {} }
`;
const request = (number: number, release: string, more = "") =>
  JSON.stringify({ format: 1, number, release, compose: compose(more), images: { web: image }, provenance: { actor: "ana" } });
const place = (change: Partial<ReviewPolicy> = {}) => server(`recoloca-review ${APPLICATION} policy`, JSON.stringify({ ...policy, ...change }));
const containers = async () => (await server("docker ps --format '{{.Label \"recoloca.stack\"}}' | sort -u")).stdout.split("\n").filter(Boolean);

beforeAll(async () => {
  image = (await imagesOf("1")).backend;
  await installHostProgram();
  await installReviewProgram(testSite);
  await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  expect((await server(admitScript("root", APPLICATION, fs.readFileSync(`${key}.pub`, "utf8")))).code).toBe(0);
  policy = {
    format: 1,
    application: APPLICATION,
    host: "pr-{number}.shapes.test",
    most: 2,
    memory: 256,
    disk: 64,
    days: 3,
    repositories: [`${registryName(testSite)}/recoloca/backend`],
    secrets: { TOKEN: "TOKEN" },
    variables: {},
    routes: [{ path: "/", service: "web", port: 8000 }],
    gates: [{ name: "web", path: "/", status: 200, timeout: 20, passes: 2 }],
    seed: { service: "web", command: ["sh", "-c", "echo -n seeded > /data/seed"], timeout: 20 },
  };
});
afterAll(async () => {
  await server(`recoloca-review ${APPLICATION} off`);
  await server(dismissScript(APPLICATION));
  fs.rmSync(folder, { recursive: true });
});

test("none is opened where the stack allows none", async () => {
  const ran = await asked("open", request(1, "a"));
  expect(ran.code, ran.output).toBe(20);
  expect(ran.output).toContain("has no environments of pull requests here");
});

test("is opened with values of its own and its seed, at a host name with its number", async () => {
  const placed = await place();
  expect(placed.code, placed.output).toBe(0);
  const ran = await asked("open", request(1, "a"));
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toContain("its database was seeded");
  expect(ran.output).toMatch(/#1 is at http:\/\/pr-1\.shapes\.test, until \d{4}-\d\d-\d\d/);
  expect((await get("/", "pr-1.shapes.test")).body).toMatch(/^[0-9a-f]{4}\|seeded$/);
  // An engine whose kernel cannot limit leaves the wish out, and says so.
  const limits = (await server("docker info --format '{{if .MemoryLimit}}268435456{{else}}0{{end}} {{if .PidsLimit}}500{{else}}<nil>{{end}}'")).stdout.trim();
  expect(
    (
      await server(
        "docker inspect --format '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.SecurityOpt}}' $(docker ps --quiet --filter label=recoloca.service=web)",
      )
    ).stdout.trim(),
  ).toBe(`${limits} [no-new-privileges:true]`);
});

test("is renewed by a push: the same values, its data kept, not seeded again", async () => {
  const before = (await get("/", "pr-1.shapes.test")).body;
  await server("docker exec $(docker ps --quiet --filter label=recoloca.service=web) sh -c 'echo -n kept > /data/seed'");
  const ran = await asked("open", request(1, "b"));
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).not.toContain("seeded");
  expect((await get("/", "pr-1.shapes.test")).body).toBe(before.replace("seeded", "kept"));
});

test("two are there at once with values of their own, and a third is refused with what makes room", async () => {
  expect((await asked("open", request(2, "a"))).code).toBe(0);
  const [one, two] = [await get("/", "pr-1.shapes.test"), await get("/", "pr-2.shapes.test")];
  expect([one.status, two.status]).toEqual([200, 200]);
  expect(one.body.slice(0, 4)).not.toBe(two.body.slice(0, 4));
  const third = await asked("open", request(3, "a"));
  expect(third.code).toBe(20);
  expect(third.output).toContain("2 are open already, and 2 may be: #1, #2");
  expect(await containers()).toEqual(["shapes-pr-1", "shapes-pr-2"]);
  expect((await asked("list")).output).toMatch(/#1 {2}http:\/\/pr-1\.shapes\.test {2}until .*\n #2/);
});

test("nothing of a host is given to it, and nothing is changed where it is asked for", async () => {
  const ran = await asked("open", request(2, "b", ", privileged: true"));
  expect(ran.code).toBe(20);
  expect(ran.output).toContain('service "web": "privileged" is not allowed');
  const mounts = await asked("open", JSON.stringify({ ...(JSON.parse(request(2, "b")) as object), compose: compose().replace('"data:/data"', '"/:/data"') }));
  expect(mounts.output).toContain("only volumes with a name are allowed");
  expect((await get("/", "pr-2.shapes.test")).status).toBe(200);
});

test("the key opens and closes environments and does nothing else", async () => {
  for (const words of ["", "cat /etc/shadow", "open; id", "close 1; id", "close 1 2", "policy", "expire", "close ../1", "$(id)", "`id`"]) {
    const ran = await asked(words);
    expect(ran.code, words).toBe(20);
    expect(ran.output, words).not.toMatch(/uid=|root:/);
  }
  const forwarding = await attempt("ssh", [
    "-i",
    key,
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    "ExitOnForwardFailure=yes",
    "-R",
    "127.0.0.1:39999:127.0.0.1:1",
    ...sshArguments(testSite).slice(2),
    "list",
  ]);
  expect(forwarding.code).not.toBe(0);
  expect(await containers()).toEqual(["shapes-pr-1", "shapes-pr-2"]);
});

test("whoever sends no end of it keeps nobody waiting", async () => {
  const [, , ...others] = sshArguments(testSite);
  const slow = spawn("ssh", ["-i", key, "-o", "IdentitiesOnly=yes", ...others, "open"], { stdio: ["pipe", "ignore", "ignore"] });
  try {
    slow.stdin.write("{");
    expect((await asked("close 9")).output).toContain("#9 has none");
  } finally {
    slow.kill();
  }
  const places = async () => (await server("lslocks --noheadings --notruncate --output PATH | grep -c /recoloca-review-")).stdout.trim();
  await expect.poll(places, { timeout: 20_000 }).toBe("0");
  // Four may be at it, each with an input that does not end, and whoever comes then is told at once. Nobody asks before: he would have one of the places.
  const many = [1, 2, 3, 4].map(() => spawn("ssh", ["-i", key, "-o", "IdentitiesOnly=yes", ...others, "open"], { stdio: ["pipe", "ignore", "ignore"] }));
  try {
    await expect.poll(places, { timeout: 20_000 }).toBe("4");
    expect((await asked("list")).output).toContain("four requests are being answered already");
  } finally {
    many.forEach((one) => one.kill());
  }
  await expect.poll(async () => (await asked("list")).code, { timeout: 60_000 }).toBe(0);
  const large = await asked("open", " ".repeat(2_000_000));
  expect([large.code, large.output]).toEqual([20, expect.stringContaining("has more than 1000000 bytes")]);
});

test("is closed with its data, and closed again is nothing", async () => {
  const ran = await asked("close 1");
  expect(ran.code, ran.output).toBe(0);
  expect(await containers()).toEqual(["shapes-pr-2"]);
  expect((await server("docker volume ls --quiet")).stdout).not.toContain("shapes-pr-1");
  expect((await get("/", "pr-1.shapes.test")).status).toBe(503);
  expect((await asked("close 1")).output).toContain("#1 has none");
});

test("goes by itself when nobody has renewed it, when it has written too much, and with the stack's permission", async () => {
  const file = `/var/lib/recoloca/review/${APPLICATION}/pr-2.json`;
  expect((await server(`recoloca-review ${APPLICATION} expire`)).code).toBe(0);
  expect(await containers()).toEqual(["shapes-pr-2"]);
  await server("docker exec $(docker ps --quiet --filter label=recoloca.stack=shapes-pr-2) sh -c 'head -c 80M /dev/zero > /data/much'");
  const pushed = await asked("open", request(2, "c"));
  expect(pushed.code, pushed.output).toBe(20);
  expect(pushed.output).toMatch(/refused: it has written \d+ MiB, and may 64: it goes within the hour, with its data\n.*label/);
  expect(
    (await server(`systemctl start recoloca-review@${APPLICATION}.service; journalctl --unit recoloca-review@${APPLICATION}.service --output cat`)).stdout,
  ).toMatch(/has written \d+ MiB, and may 64/);
  expect(await containers()).toEqual([]);
  expect((await asked("open", request(2, "c"))).code).toBe(0);
  await server(`sed -i 's/"renewedAt":"20../"renewedAt":"2020/' ${file}; sed -i 's/"renewedAt":"2020[0-9]*/"renewedAt":"2020/' ${file}`);
  expect((await server(`recoloca-review ${APPLICATION} expire`)).output).toContain("nobody has renewed it for 3 days");
  expect((await asked("open", request(4, "a"))).code).toBe(0);
  const gone = await server(`recoloca-review ${APPLICATION} off`);
  expect(gone.output).toContain("the stack allows none any more");
  expect(await containers()).toEqual([]);
  expect((await server(`systemctl is-enabled recoloca-review@${APPLICATION}.timer`)).stdout.trim()).toBe("disabled");
});

test("goes with the permission also on a machine that has taken another one's place, where the program was never put", async () => {
  await place();
  expect((await asked("open", request(5, "a"))).code).toBe(0);
  await server("mv /usr/local/bin/recoloca-review /usr/local/bin/kept");
  try {
    const ran = await server("sh -s", offScript(APPLICATION));
    expect(ran.code, ran.output).toBe(0);
    expect(await containers()).toEqual([]);
    expect((await server("docker volume ls --quiet; ls /var/lib/recoloca/review")).stdout).not.toContain(APPLICATION);
    expect((await server("sh -s", offScript(APPLICATION))).code).toBe(0);
  } finally {
    await server("mv /usr/local/bin/kept /usr/local/bin/recoloca-review");
  }
});
