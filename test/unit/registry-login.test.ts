/** The registry's login on a host, with a stand-in for `docker`: what it is proven by, and what a killed one leaves. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import type { ReleaseRecord } from "../../release/record.ts";
import { planFor } from "../host.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "recoloca-login-"));
const docker = path.join(root, "docker");
vi.stubEnv("RECOLOCA_ROOT", path.join(root, "stacks"));
vi.stubEnv("PATH", `${root}/bin:${process.env["PATH"]}`);
vi.doMock("../../server/compose.ts", () => ({ DOCKER_CONFIG: docker }));
vi.doMock("../../server/standard-input.ts", async (original) => ({ ...(await original<object>()), readInput: async () => "MARKER-password" }));
const { login } = await import("../../server/commands/login.ts");
const { Store } = await import("../../server/store.ts");
afterAll(() => {
  fs.rmSync(root, { recursive: true });
  vi.unstubAllEnvs();
});

/** Lets everybody in, and refuses the repositories of `denied`; what was pulled is in `pulled`. */
const STAND_IN = `#!/bin/sh
case "$1" in
  login) cat > /dev/null; echo '{"auths":{"r.example":{}}}' > "$DOCKER_CONFIG/config.json" ;;
  pull) echo "$3" >> ${root}/pulled; if grep --quiet "^\${3%@*}$" ${root}/denied; then echo "denied: no access" >&2; exit 1; fi ;;
esac
`;
const given = { words: [], options: { server: "r.example", username: "ana" } };
const imageOf = (name: string, digit: string) => `r.example/${name}@sha256:${digit.repeat(64)}`;

/** A stack of that application with these images live. */
function live(application: string, images: Record<string, string>): void {
  const store = new Store(`${application}-test`);
  const number = store.create({ ...planFor(Object.values(images)[0]!), application, images });
  store.setRecord({ number, images } as ReleaseRecord);
  store.setState({ ...store.state(), live: { number, slot: "blue" } });
}

beforeEach(() => {
  for (const name of ["bin", "docker"]) fs.mkdirSync(path.join(root, name), { recursive: true });
  fs.writeFileSync(path.join(root, "bin/docker"), STAND_IN, { mode: 0o755 });
  fs.writeFileSync(path.join(root, "denied"), "");
  fs.writeFileSync(path.join(root, "pulled"), "");
  live("shop", { web: imageOf("web", "a"), worker: imageOf("web", "a"), page: imageOf("page", "b") });
  live("blog", { blog: imageOf("blog", "c") });
});

test("reads one image of each repository that is live, of every stack", async () => {
  expect(await login(given)).toBe(0);
  const pulled = fs.readFileSync(path.join(root, "pulled"), "utf8").trim().split("\n");
  expect(pulled.sort()).toEqual([imageOf("blog", "c"), imageOf("page", "b"), imageOf("web", "a")]);
  expect(JSON.parse(fs.readFileSync(path.join(docker, "config.json"), "utf8"))).toEqual({ auths: { "r.example": {} } });
});

test.each(["r.example/page", "r.example/blog"])("takes no password's place that may not read %s", async (repository) => {
  fs.writeFileSync(path.join(docker, "config.json"), '{"auths":{"r.example":{"auth":"before"}}}');
  fs.writeFileSync(path.join(root, "denied"), `${repository}\n`);
  expect(await login(given)).toBe(1);
  expect(fs.readFileSync(path.join(docker, "config.json"), "utf8")).toContain("before");
});

test("removes what a killed one has left, and not what belongs to one that runs", async () => {
  const gone = path.join(docker, "new-999999999-abc");
  const running = path.join(docker, `new-${process.ppid}-abc`);
  for (const folder of [gone, running]) {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "config.json"), "MARKER-password");
  }
  expect(await login(given)).toBe(0);
  expect(fs.readdirSync(docker).sort()).toEqual(["config.json", path.basename(running)].sort());
});
