/** An environment of a pull request: what its Compose file may have, what it gets, and what it may not get. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { reviewPolicySchema, reviewRequestSchema, type ReviewRequest } from "../../release/review.ts";
import type { Plan } from "../../release/plan.ts";
import { limited, readAllowed, shareOf } from "../../server/review/allowed.ts";
import { reviewPlan } from "../../server/review/plan.ts";
import { outsideOf } from "../../server/confined.ts";
import { readAtMost } from "../../server/review/input.ts";
import { tooFull, writtenBy } from "../../server/review/room.ts";

const digest = `@sha256:${"a".repeat(64)}`;
const policy = reviewPolicySchema.parse({
  format: 1,
  application: "shop",
  host: "pr-{number}.staging.example.org",
  most: 2,
  memory: 900,
  disk: 500,
  days: 3,
  repositories: ["ghcr.io/acme/backend"],
  secrets: { POSTGRES_PASSWORD: "POSTGRES_PASSWORD", DATABASE_PASSWORD: "POSTGRES_PASSWORD" },
  variables: { MODE: "review" },
  routes: [{ path: "/", service: "backend", port: 8000 }],
  gates: [{ name: "page", path: "/" }],
});
const COMPOSE = `services:
  backend: { image: x, environment: { DB: "postgres://u:\${POSTGRES_PASSWORD}@db/u" }, ports: ["8000:8000"] }
  db: { image: postgres:17, volumes: ["data:/var/lib/postgresql/data"], ports: ["5432:5432"] }
  cache: &cache { image: redis }
volumes: { data: {} }
`;
const request: ReviewRequest = {
  format: 1,
  number: 12,
  release: "pr-12-abc",
  compose: COMPOSE,
  images: { backend: `ghcr.io/acme/backend${digest}` },
  provenance: {},
};

test("its plan has a name, a host and secrets of its own, an equal share of the memory, and no port of the server", () => {
  const plan = reviewPlan(policy, request, { POSTGRES_PASSWORD: "random" }) as Plan;
  expect(plan).toMatchObject({
    application: "shop",
    environment: "pr-12",
    routes: [{ host: "pr-12.staging.example.org", path: "/", service: "backend", port: 8000 }],
    gates: [{ host: "pr-12.staging.example.org" }],
    variables: { MODE: "review", POSTGRES_PASSWORD: "random", DATABASE_PASSWORD: "random" },
    masked: ["POSTGRES_PASSWORD", "DATABASE_PASSWORD"],
    keep: 0,
  });
  const { services } = JSON.parse(plan.compose) as { services: Record<string, Record<string, unknown>> };
  for (const service of Object.values(services)) {
    expect(service).toMatchObject({ mem_limit: "300m", memswap_limit: "300m", pids_limit: 500 });
    expect(service).not.toHaveProperty("ports");
  }
  expect(services["backend"]!["environment"]).toEqual({ DB: "postgres://u:${POSTGRES_PASSWORD}@db/u" });
});

test("images from elsewhere are refused", () => {
  expect(reviewPlan(policy, { ...request, images: { backend: `docker.io/miner${digest}` } }, {})).toEqual([
    "images.backend is from docker.io/miner, which is none of ghcr.io/acme/backend",
  ]);
});

describe("what nobody has read yet may not have", () => {
  const service = (text: string) => readAllowed(`services:\n  web: { image: x, ${text} }\n`).problems;
  test.each([
    ["rights over the host", "privileged: true", '"privileged" is not allowed'],
    ["capabilities", "cap_add: [SYS_ADMIN]", '"cap_add" is not allowed'],
    ["devices", "devices: [/dev/sda]", '"devices" is not allowed'],
    ["devices by another way", "deploy: { resources: { reservations: { devices: [{ capabilities: [gpu] }] } } }", "may not name devices"],
    ["the host's processes", "pid: host", '"pid" is not allowed'],
    ["the host's network", "network_mode: host", '"network_mode" is not allowed'],
    ["no profile of the kernel's", "security_opt: [seccomp=unconfined]", '"security_opt" is not allowed'],
    ["the engine's socket", "volumes: ['/var/run/docker.sock:/s']", "mounts /var/run/docker.sock"],
    ["a folder beside it", "volumes: ['./x:/x']", "mounts ./x"],
    ["a folder that is computed", "volumes: ['${HOME}:/x']", "mounts ${HOME}"],
    ["a mount in its long form", "volumes: [{ type: bind, source: /, target: /host }]", "mounts /"],
    ["a file of the host for its environment", "env_file: /etc/shadow", "env_file /etc/shadow is not allowed"],
    ["another file's service", "extends: { file: /root/x.yaml, service: y }", '"extends" is not allowed'],
    ["what Compose may learn one day", "warp_drive: on", '"warp_drive" is not allowed'],
  ])("%s", (_what, text, says) => expect(service(text).join("\n")).toContain(says));

  test.each([
    ["other files", "include: [/root/x.yaml]\nservices: { a: { image: x } }", '"include" is not allowed at the top'],
    [
      "a volume that is a folder of the host",
      "services: { a: { image: x } }\nvolumes: { v: { driver_opts: { type: none, o: bind, device: / } } }",
      '"driver_opts" is not allowed',
    ],
    ["another stack's volume", "services: { a: { image: x } }\nvolumes: { v: { external: true, name: shop-production_data } }", '"external" is not allowed'],
    ["a secret from a file of the host", "services: { a: { image: x } }\nsecrets: { s: { file: /etc/shadow } }", '"file" is not allowed'],
    ["another stack's network", "services: { a: { image: x } }\nnetworks: { n: { external: true } }", '"external" is not allowed'],
  ])("%s", (_what, text, says) => expect(readAllowed(text).problems.join("\n")).toContain(says));

  test("by a merge or an anchor either", () => {
    const hidden = "x-bad: &bad { privileged: true }\nservices:\n  web: { <<: *bad, image: x }\n";
    expect(readAllowed(hidden).problems).toEqual(['service "web": "privileged" is not allowed in an environment of a pull request']);
  });

  test("by growing without an end", () => {
    const bomb = `a: &a [x,x]\n${[..."bcdefghi"].map((one, index) => `${one}: &${one} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(",")}]`).join("\n")}\nservices: { w: { image: x } }\n`;
    expect(readAllowed(bomb).problems.join("\n")).toMatch(/cannot be read|is not allowed/);
  });
});

test("an ordinary file has no problems, and what it says of limits gives way", () => {
  const { given, problems } = readAllowed(COMPOSE);
  expect(problems).toEqual([]);
  expect(limited(given, shareOf(given, 600)!)).toContain('"mem_limit":"200m"');
});

test("a server that is nearly full takes no more", () => {
  expect(tooFull(policy, { memory: 2000, disk: 10_000 })).toBeUndefined();
  expect(tooFull(policy, { memory: 100, disk: 1000 })).toBe(
    "100 MiB of memory are free, and one may use 900; 1000 MiB of the disk are free, and one wants 3572, 3072 of them for what else lives here",
  );
});

test("a file that goes while it is looked at costs nobody an environment: what du has counted counts", async () => {
  const bin = fs.mkdtempSync(path.join(os.tmpdir(), "stubs-"));
  const stub = (name: string, script: string) => fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  stub("docker", 'case "$*" in "volume ls "*) echo data ;; "volume inspect "*) echo /volumes/data ;; esac');
  stub("du", "echo '3145728 /volumes/data'; echo \"du: cannot access 'temp-1.rdb': No such file or directory\" >&2; exit 1");
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"]!}`);
  try {
    expect(await writtenBy("shop-pr-12")).toBe(3);
    stub("du", "exit 124");
    expect(await writtenBy("shop-pr-12")).toBe(Infinity);
  } finally {
    vi.unstubAllEnvs();
    fs.rmSync(bin, { recursive: true });
  }
});

describe("what reads differently to Compose than it looks is refused", () => {
  test.each([
    ["a drive before a path", 'services: { web: { image: x, volumes: ["c:x/../../../..:/host"] } }'],
    ["a name of one letter", 'services: { web: { image: x, volumes: ["d:/data"] } }'],
    ["a volume that is filled in", 'services: { web: { image: x, volumes: ["/var/lib/docker/${PUBLIC_URL}"] } }'],
    ["a place that is filled in", 'services: { web: { image: x, volumes: ["data:/${PUBLIC_URL}"] } }'],
    ["a volume without a name", 'services: { web: { image: x, volumes: ["/data"] } }'],
    ["no mount at all", "services: { web: { image: x, volumes: [null] } }"],
    ["a merge in quotes", 'x-s: &s\n  a: { image: x }\n  "<<": { image: { image: y, privileged: true } }\nservices: *s'],
    ["many containers", `services: { ${[...Array(13).keys()].map((one) => `s${one}: { image: x }`).join(", ")} }`],
    ["those that are not started", "services: { web: { image: x }, other: { image: x, profiles: [n] } }"],
    ["a look each millisecond", "services: { web: { image: x, healthcheck: { test: [CMD, x], interval: 1ms } } }"],
    ["thousands of volumes", `services: { web: { image: x } }\nvolumes: { ${[...Array(30).keys()].map((one) => `v${one}: {}`).join(", ")} }`],
    ["a number that is another one elsewhere", "services: { web: { image: x, environment: { GUILD: 1098765432109876543 } } }"],
    ["a mode that is another one elsewhere", "services: { web: { image: x, environment: { MODE: 0123 } } }"],
    ["no minutes", "services: { web: { image: x, healthcheck: { test: [CMD, x], interval: 0m } } }"],
    ["a look without a pause", "services: { web: { image: x, healthcheck: { test: [CMD, x], interval: 0s } } }"],
  ])("%s", (_, compose) => expect(readAllowed(compose).problems).not.toEqual([]));

  test("an alias in place of the services has limits, and no ports, as any other", () => {
    const { given, problems } = readAllowed(
      'x-s: &s { web: { image: x }, base: { image: y, ports: ["127.0.0.1:80:80"], stop_grace_period: 9000h } }\nservices: *s',
    );
    expect(problems).toEqual([]);
    const { services } = JSON.parse(limited(given, shareOf(given, 200)!)) as { services: Record<string, object> };
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({ mem_limit: "100m", pids_limit: 500, cpu_shares: 256 });
      expect(Object.keys(service)).not.toEqual(expect.arrayContaining(["ports"]));
      expect(service).not.toHaveProperty("stop_grace_period");
    }
  });

  test("an image's own health check is not asked, and the file's as often as it says", () => {
    const { given, problems } = readAllowed(
      "services: { web: { image: x }, api: { image: x, healthcheck: { test: [CMD, x], interval: 1.5s, start_interval: 1ms, start_period: 24h } } }",
    );
    expect(problems).toEqual([]);
    const { services } = JSON.parse(limited(given, 100)) as { services: Record<string, { healthcheck: object }> };
    expect(services["web"]!.healthcheck).toEqual({ disable: true });
    expect(services["api"]!.healthcheck).toEqual({ test: ["CMD", "x"], interval: "1.5s", timeout: "10s", start_period: "1s" });
  });

  test("so many services that none could start are refused", () => {
    const compose = `services: { ${[...Array(10).keys()].map((one) => `s${one}: { image: x }`).join(", ")} }`;
    expect(reviewPlan({ ...policy, memory: 200 }, { ...request, compose, images: {} }, {})).toEqual(["200 MiB are too little for so many services"]);
  });
});

describe("what Compose made of it is looked at once more", () => {
  const confined = { stack: "shop-pr-12", repositories: ["ghcr.io/acme/backend"] };
  const with_ = (service: object, more: object = {}) =>
    outsideOf({ services: { web: { image: "postgres:17", ...service } }, volumes: { data: { name: "shop-pr-12_data" } }, ...more }, confined);
  test("an ordinary one has nothing to say", () => {
    const volumes = [{ type: "volume", source: "data", target: "/d" }, { type: "tmpfs", target: "/t" }]; // prettier-ignore
    expect(with_({ volumes, mem_limit: "1", security_opt: ["no-new-privileges:true"], networks: { default: null }, privileged: false })).toEqual([]);
    expect(with_({ image: "ghcr.io/acme/backend@sha256:0" })).toEqual([]);
  });
  test("a name without a server is Docker Hub's, whose own images are everybody's", () => {
    const hub = (image: string, repository: string) => outsideOf({ services: { web: { image } } }, { stack: "s", repositories: [repository] }).length;
    expect([hub("redis", "recoloca/backend"), hub("docker.io/recoloca/backend:1", "recoloca/backend"), hub("ghcr.io/a/b", "recoloca/backend")]).toEqual([
      0, 0, 0,
    ]);
    expect([
      hub("recoloca/private", "docker.io/recoloca/backend"),
      hub("index.docker.io/recoloca/private", "recoloca/backend"),
      hub(`sha256:${"a".repeat(64)}`, "x.io/a"),
      hub("a".repeat(64), "x.io/a"),
      // The engine takes the beginning of an id, too.
      hub("3f", "x.io/a"),
    ]).toEqual([1, 1, 1, 1, 1]);
  });
  test.each<[string, string[]]>([
    ["the bind / at /host", with_({ volumes: [{ type: "bind", source: "/", target: "/host" }] })],
    ["the volume without a name at /d", with_({ volumes: [{ type: "volume", target: "/d" }] })],
    ["privileged", with_({ privileged: true })],
    ["network_mode", with_({ network_mode: "host" })],
    ["ports", with_({ ports: [{ target: 80, published: "80" }] })],
    ["security_opt", with_({ security_opt: ["apparmor:unconfined"] })],
    ["a_key_of_next_year", with_({ a_key_of_next_year: 1 })],
    ["the image ghcr.io/acme/secret:1", with_({ image: "ghcr.io/acme/secret:1" })],
    ["driver_opts", with_({}, { volumes: { data: { name: "shop-pr-12_data", driver_opts: { device: "/" } } } })],
    ["it would be shop-staging_data", with_({}, { volumes: { data: { name: "shop-staging_data" } } })],
    ["external", with_({}, { networks: { other: { name: "x", external: true } } })],
    ["file", with_({}, { secrets: { one: { name: "x", file: "/etc/shadow" } } })],
  ])("%s", (what, problems) => {
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(what);
    expect(problems[0]).toContain("is not allowed in an environment of a pull request");
  });
});

test("what is sent has an end, in time", async () => {
  expect(await readAtMost(Readable.from(["ab", "c"].map((one) => Buffer.from(one))), 10, 5)).toBe("abc");
  expect(await readAtMost(Readable.from([Buffer.alloc(20)]), 10, 5)).toEqual({ problem: "what was sent has more than 10 bytes" });
  expect(await readAtMost(new Readable({ read: () => undefined }), 10, 0.05)).toEqual({ problem: "what was sent did not end within 0.05s" });
});

test("who asks stands on people's terminals as one word", () => {
  const asked = (actor: string) => reviewRequestSchema.safeParse({ ...request, provenance: { actor } }).success;
  expect([asked("ana"), asked("app[bot]"), asked("ana\u001b[2J"), asked("a b"), asked("x".repeat(201))]).toEqual([true, true, false, false, false]);
});
