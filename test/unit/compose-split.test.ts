import { expect, test } from "vitest";
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
  images: { api: D, auth: D, worker: D },
  routes: [
    { host: "*", path: "/", service: "api", port: 8000 },
    { host: "*", path: "/auth", service: "auth", port: 8000 },
  ],
};
const placement = { stack: "shop-staging", number: 7, slot: "green" as const, addresses: { api: "10.201.1.10", auth: "10.201.1.11", worker: "10.201.1.12" } };

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
  expect(volumes).toEqual(["shop-staging_data"]);
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
  expect(problemsOf(bad, { images: { api: D, wroker: D }, routes: [{ host: "*", path: "/", service: "web", port: 80 }] }, "/p")).toEqual([
    'service "wroker" is not in the Compose file; it has api, cache',
    'service "web" is not in the Compose file; it has api, cache',
    'service "api": network_mode host cannot run beside a second copy',
    'service "api": pid: host cannot run beside a second copy',
    'service "api": more than one replica is not supported yet',
    'service "api" mounts conf from beside the Compose file, which is not on the host; put it into the image',
    'service "cache" has a build and no image: add it to images',
  ]);
});
