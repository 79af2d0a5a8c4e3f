import { describe, expect, test } from "vitest";
import { problemsOf, split, type ComposeDocument } from "../../server/compose-split.ts";

const D = `r.example/app@sha256:${"a".repeat(64)}`;
const document: ComposeDocument = {
  services: {
    api: {
      image: "app",
      container_name: "the-api",
      ports: [{ target: 8000, published: "8000" }],
      restart: "always",
      depends_on: { db: { condition: "service_healthy" }, auth: { condition: "service_healthy" } },
    },
    auth: { image: "app" },
    worker: { image: "app" },
    db: { image: "postgres:17", volumes: [{ type: "volume", source: "data", target: "/data" }] },
  },
  volumes: { data: null },
};
const plan = {
  variables: { TOKEN: "t0ken" },
  images: { api: D, auth: D, worker: D },
  routes: [
    { host: "*", path: "/", service: "api", port: 8000 },
    { host: "*", path: "/auth", service: "auth", port: 8000 },
  ],
};
const placement = {
  stack: "shop-staging",
  number: 7,
  slot: "green" as const,
  addresses: { api: "10.201.1.10", auth: "10.201.1.11", worker: "10.201.1.12" },
  folders: { base: "/b", release: "/r" },
};

test("services with an image of the stack form the release, on fixed addresses of its slot's network", () => {
  const { release, routed, workers, notes } = split(document, plan, placement);
  expect(routed).toEqual(["api", "auth"]);
  expect(workers).toEqual(["worker"]);
  expect(notes).toEqual(["api: ports 8000 are the edge's now"]);
  expect(release.services["api"]).toEqual({
    image: D,
    restart: "no",
    labels: {
      "recoloca.stack": "shop-staging",
      "recoloca.service": "api",
      "recoloca.release": "7",
      "recoloca.slot": "green",
      "recoloca.role": "routed",
    },
    networks: { slot: { aliases: ["api", "the-api"], ipv4_address: "10.201.1.10" } },
    depends_on: { auth: { condition: "service_healthy" } },
  });
});

test("everything else is the base: on both networks, never restarted by a release, its data under its own name", () => {
  const { base, volumes } = split(document, plan, placement);
  expect(Object.keys(base.services)).toEqual(["db"]);
  expect(base.services["db"]).toMatchObject({ restart: "unless-stopped", networks: { blue: { aliases: ["db"] }, green: { aliases: ["db"] } } });
  expect(volumes).toEqual([{ name: "shop-staging_data" }]);
  const elsewhere = { data: { name: "nfs", driver: "local", driver_opts: { type: "nfs" } }, old: { name: "old", external: true } };
  const parts = split({ ...document, volumes: elsewhere }, plan, placement);
  expect(parts.volumes).toEqual(Object.values(elsewhere));
  expect(parts.base.volumes).toEqual({ data: { name: "nfs", external: true }, old: { name: "old", external: true } });
});

test("the base's hash changes with its definition and with nothing of the release", () => {
  const hash = (change: (copy: ComposeDocument) => void) => {
    const copy = structuredClone(document);
    change(copy);
    return split(copy, plan, placement).baseHashes["db"];
  };
  const before = hash(() => undefined);
  expect(hash((copy) => (copy.services["api"]!.image = "other"))).toBe(before);
  expect(hash((copy) => (copy.services["db"]!.image = "postgres:18"))).not.toBe(before);
});

test("all that cannot run beside a second copy is said at once", () => {
  const bad: ComposeDocument = {
    services: {
      api: { image: "app", network_mode: "host", pid: "host", deploy: { replicas: 2 }, volumes: [{ type: "bind", source: "/p/conf", target: "/conf" }] },
      cache: { build: "." },
    },
  };
  expect(
    problemsOf(
      bad,
      { variables: {}, images: { api: D, wroker: D }, routes: [{ host: "*", path: "/", service: "web", port: 80 }] },
      { project: "/p", store: "/p" },
    ),
  ).toEqual([
    'service "wroker" is not in the Compose file; it has api, cache',
    'service "web" is not in the Compose file; it has api, cache',
    'service "api": network_mode host cannot run beside a second copy',
    'service "api": pid: host cannot run beside a second copy',
    'service "api": more than one replica is not supported yet',
    'service "api" mounts conf from beside the Compose file, which is not on the host; put it into the image',
    'service "cache" has a build and no image: add it to images',
  ]);
});

describe("what services are given as files", () => {
  const given: ComposeDocument = {
    services: {
      api: { image: "app", secrets: [{ source: "token" }] },
      db: { image: "postgres:17", secrets: [{ source: "token" }], configs: [{ source: "motto" }] },
    },
    secrets: { token: { name: "shop_token", environment: "TOKEN" } },
    configs: { motto: { content: "all" } },
  };

  test("is a file for each project, named by its content", () => {
    const { base, release, files } = split(given, plan, placement);
    expect(files.release).toEqual([
      { name: expect.stringMatching(/^secrets\/token-[0-9a-f]{8}$/) as string, text: "t0ken" },
      { name: expect.stringMatching(/^configs\/motto-[0-9a-f]{8}$/) as string, text: "all" },
    ]);
    expect(release.secrets).toEqual({ token: { name: "shop_token", file: `/r/${files.release[0]!.name}` } });
    expect(base.configs).toEqual({ motto: { file: `/b/${files.base[1]!.name}` } });
  });

  test("changes the hash of a base service that has it", () => {
    const hash = (token: string) => split(given, { ...plan, variables: { TOKEN: token } }, placement).baseHashes["db"];
    expect(hash("t0ken")).toBe(hash("t0ken"));
    expect(hash("other")).not.toBe(hash("t0ken"));
  });

  test("must be had on the host", () => {
    const bad: ComposeDocument = {
      services: { api: { image: "a" } },
      secrets: { a: { file: "/p/r/1/project/a.txt" }, b: { external: true }, c: { environment: "NONE" }, d: { file: "/etc/d" } },
    };
    expect(problemsOf(bad, { ...plan, images: {}, routes: [] }, { project: "/p/r/1/project", store: "/p" })).toEqual([
      'secret "a" is the file a.txt beside the Compose file, which is not on the host; take it from a variable (environment: NAME)',
      'secret "b" is external: it belongs to Swarm; take it from a variable (environment: NAME)',
      'secret "c" is read from the variable NONE, which has no value: add it to secrets',
    ]);
  });
});

test("services that end by themselves run before the rest; those of the base do not start again", () => {
  const ending: ComposeDocument = {
    services: {
      api: { image: "app", depends_on: { fill: { condition: "service_completed_successfully" } } },
      fill: { image: "app", depends_on: { make: { condition: "service_completed_successfully" } } },
      make: { image: "app" },
      bucket: { image: "mc", restart: "no" },
    },
  };
  const parts = split(ending, { ...plan, images: { api: D, fill: D, make: D } }, placement);
  expect(parts.tasks).toEqual({ fill: ["make"], make: [] });
  expect(parts.workers).toEqual([]);
  expect(parts.baseTasks).toEqual(["bucket"]);
  expect(parts.base.services["bucket"]!.restart).toBe("no");
});
