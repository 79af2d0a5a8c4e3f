/** What Compose files of other teams look like: each shape runs as its author meant it, without a change to the file. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { must } from "../../local/command.ts";
import { dockerConfig, REGISTRY_USER, registryPassword } from "../../local/registry.ts";
import { inSite, registryName, testSite } from "../../local/site.ts";
import type { Plan } from "../../release/plan.ts";
import { deployPlan, get, installHostProgram, planFor, records, removeStack, webAnswering } from "../host.ts";
import { imagesOf, server } from "../site.ts";

let image: string;
let plan: Plan;
beforeAll(async () => {
  image = (await imagesOf("1")).backend;
  await installHostProgram();
});
afterEach(() => removeStack(plan));

const json = (value: unknown) => JSON.stringify(value);
const shell = (script: string) => json(["sh", "-c", script]);

describe("secrets and configs", () => {
  const compose = `
services:
  web:
    image: web
    init: true
    user: "1000"
    command: ${json(webAnswering('open("/run/secrets/token").read() + "|" + open("/etc/motto").read() + "|" + os.environ["GREETING"]'))}
    environment: { GREETING: "\${GREETING}" }
    secrets: [token]
    configs: [{ source: motto, target: /etc/motto }]
  store:
    image: ${"IMAGE"}
    init: true
    command: ${shell('test "$$(cat /run/secrets/token)" = "$$EXPECTED" && exec sleep 3600')}
    environment: { EXPECTED: "\${TOKEN}" }
    secrets: [token]
secrets:
  token: { environment: TOKEN }
configs:
  motto: { content: "all of it, or $$nothing" }
`;
  const variables = (token: string) => ({ TOKEN: token, GREETING: "it's $5 # really" });

  test("come from variables, for release and base alike, also after a reboot of a container, and not in docker inspect", async () => {
    plan = planFor(image, { compose: compose.replace("IMAGE", image), variables: variables("first-token"), masked: ["TOKEN"] });
    const ran = await deployPlan(plan);
    expect(ran.code, ran.output).toBe(0);
    expect((await get("/")).body).toBe("first-token|all of it, or $nothing|it's $5 # really");
    const inspected = await server("docker inspect $(docker ps -q --filter label=recoloca.stack=shapes-test --filter label=recoloca.service=web)");
    expect(inspected.stdout).not.toContain("first-token");
    await server("docker restart $(docker ps -q --filter label=recoloca.stack=shapes-test --filter label=recoloca.service=web)");
    await expect.poll(async () => (await get("/")).body, { timeout: 20_000 }).toContain("first-token");
  });

  test("a changed one is a new release, and recreates what of the base it is given to", async () => {
    plan = planFor(image, { compose: compose.replace("IMAGE", image), variables: variables("first-token") });
    await deployPlan(plan);
    const ran = await deployPlan({ ...plan, release: "2", variables: variables("second-token") });
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain("recreated store (definition changed)");
    expect((await get("/")).body).toContain("second-token");
  });

  test("a whole env_file has every value as it is, and none of them in the file", async () => {
    const values = { PATTERN: "a\\b\\\\c", ENDS: "ends\\", QUOTED: `it's "$5" # really`, ACCOUNT: '{"key":"-----BEGIN\\nMII"}', LINES: "one\ntwo" };
    const names = json(Object.keys(values));
    plan = planFor(image, {
      compose: `
services:
  web:
    image: web
    init: true
    env_file: .env
    command: ${json(webAnswering(`__import__("json").dumps({ name: os.environ[name] for name in ${names} })`))}
`,
      variables: values,
    });
    const ran = await deployPlan(plan);
    expect(ran.code, ran.output).toBe(0);
    expect(JSON.parse((await get("/")).body)).toEqual(values);
    expect((await server("cat /var/lib/recoloca/shapes-test/releases/*/project/.env")).stdout.split("\n").sort()).toEqual(["", ...Object.keys(values)].sort());
  });

  test("what keeps data is recreated only when the stack says so", async () => {
    const keeping =
      compose.replace("IMAGE", image).replace("    environment: { EXPECTED", '    volumes: ["data:/data"]\n    environment: { EXPECTED') +
      "volumes: { data: {} }\n";
    plan = planFor(image, { compose: keeping, variables: variables("first-token") });
    await deployPlan(plan);
    const next = { ...plan, release: "2", variables: variables("second-token") };
    const refused = await deployPlan(next);
    expect(refused.code, refused.output).toBe(20);
    expect(refused.output).toMatch(/"store" keeps data, and its definition changed[\s\S]*recoloca:recreate\[0\]' store/);
    expect((await get("/")).body).toContain("first-token");
    const ran = await deployPlan({ ...next, recreate: ["store"] });
    expect(ran.code, ran.output).toBe(0);
  });

  test("from a file that is not on the host, or of Swarm: refused, all at once", async () => {
    plan = planFor(image, {
      compose: "services:\n  web: { image: web, secrets: [gone, swarm] }\nsecrets:\n  gone: { file: ./gone.txt }\n  swarm: { external: true }\n",
    });
    const ran = await deployPlan(plan);
    expect(ran.code, ran.output).toBe(20);
    expect(ran.output).toContain('secret "gone" is the file gone.txt beside the Compose file');
    expect(ran.output).toContain('secret "swarm" is external');
  });
});

describe("services that end by themselves", () => {
  const compose = (code: number) => `
services:
  web:
    image: web
    init: true
    command: ${json(webAnswering('open("/shared/made").read()'))}
    volumes: ["shared:/shared"]
    depends_on: { fill: { condition: service_completed_successfully } }
  fill:
    image: web
    init: true
    command: ${shell(`echo filled >> /shared/made; echo "from fill"; exit ${code}`)}
    volumes: ["shared:/shared"]
    depends_on: { prepare: { condition: service_completed_successfully } }
  prepare:
    image: web
    init: true
    command: ${shell("echo prepared > /shared/made")}
    volumes: ["shared:/shared"]
  bucket:
    image: ${image}
    init: true
    restart: "no"
    command: ${shell("echo once >> /shared/once")}
    volumes: ["shared:/shared"]
volumes:
  shared:
`;
  const images = () => ({ web: image, fill: image, prepare: image });

  test("run in their order before the rest starts, at each release; those of the base once", async () => {
    plan = planFor(image, { compose: compose(0), images: images() });
    const first = await deployPlan(plan);
    expect(first.code, first.output).toBe(0);
    expect(first.output).toMatch(/ran fill, prepare \([\d.]+s\)/);
    expect((await get("/")).body).toBe("prepared\nfilled\n");
    const second = await deployPlan({ ...plan, release: "2", variables: { ANY: "1" } });
    expect(second.code, second.output).toBe(0);
    expect(second.output).toContain("bucket untouched");
    const once = await server(`docker run --rm -v shapes-test_shared:/shared ${image} cat /shared/once`);
    expect(once.stdout).toBe("once\n");
  });

  test("one that fails ends the deploy before anything is switched, with its log", async () => {
    plan = planFor(image, { compose: compose(0), images: images() });
    await deployPlan(plan);
    const ran = await deployPlan({ ...plan, release: "2", compose: compose(7) });
    expect(ran.code, ran.output).toBe(21);
    expect(ran.output).toContain('"fill" ended with exit code 7');
    expect(ran.output).toContain("from fill");
    expect((await records())[0]).toMatchObject({ release: "2", outcome: "failed" });
    expect((await get("/")).status).toBe(200);
  });
});

describe("a file that was read before", () => {
  const compose = (more: string) => `
services:
  web:
    image: web
    init: true
    command: ${json(webAnswering('os.environ["WORD"]'))}
    ${more}
`;
  const KEPT = "/var/lib/recoloca/shapes-test/compose-read.json";
  const rolled = async (next: Plan) => {
    const ran = await deployPlan(next);
    expect(ran.code, ran.output).toBe(0);
    return (await get("/")).body;
  };

  test("is taken as it was while file and values are the same; another value has it read anew", async () => {
    const other = (await imagesOf("2")).backend;
    plan = planFor(image, { compose: compose('environment: { WORD: "${WORD}" }'), variables: { WORD: "first-word" } });
    expect(await rolled(plan)).toBe("first-word");
    expect((await server(`stat --format %a ${KEPT}`)).stdout.trim()).toBe("600");
    await server(`sed -i s/first-word/kept-word/ ${KEPT}`);
    expect(await rolled({ ...plan, release: "2", images: { web: other } })).toBe("kept-word");
    expect(await rolled({ ...plan, release: "3", variables: { WORD: "second-word" } })).toBe("second-word");
    await server(`echo half > ${KEPT}`);
    expect(await rolled({ ...plan, release: "4", images: { web: other }, variables: { WORD: "second-word" } })).toBe("second-word");
  });

  test("is read anew each time where it names other files", async () => {
    const other = (await imagesOf("2")).backend;
    await server("echo WORD=first > /etc/shapes.env");
    plan = planFor(image, { compose: compose("env_file: [/etc/shapes.env]") });
    expect(await rolled(plan)).toBe("first");
    await server("echo WORD=second > /etc/shapes.env");
    expect(await rolled({ ...plan, release: "2", images: { web: other } })).toBe("second");
    await server("rm /etc/shapes.env");
  });
});

test("a service that waits for another one's health is started after it", async () => {
  plan = planFor(image, {
    compose: `
services:
  web:
    image: web
    init: true
    command: ${json(webAnswering('open("/shared/ready").read()'))}
    volumes: ["shared:/shared"]
    depends_on: { auth: { condition: service_healthy } }
  auth:
    image: web
    init: true
    command: ${shell(`sleep 1; echo yes > /shared/ready; cd /shared; exec python3 -m http.server 8000`)}
    healthcheck: { test: ["CMD", "test", "-f", "/shared/ready"], start_period: 60s, start_interval: 200ms, interval: 5s }
    volumes: ["shared:/shared"]
volumes:
  shared:
`,
    images: { web: image, auth: image },
    routes: [
      { host: "shapes.test", path: "/", service: "web", port: 8000 },
      { host: "shapes.test", path: "/auth", service: "auth", port: 8000 },
    ],
  });
  const ran = await deployPlan(plan);
  expect(ran.code, ran.output).toBe(0);
  expect((await get("/")).body).toBe("yes\n");
});

test("a routed service that no gate asks must listen all the same", async () => {
  plan = planFor(image, {
    compose: `services:\n  web: { image: web, init: true, command: ${shell("sleep 3; exec python3 -m http.server 8000")} }\n`,
    gates: [],
  });
  const ran = await deployPlan(plan);
  expect(ran.code, ran.output).toBe(0);
  expect((await get("/")).status).toBe(200);
});

test("what cannot run beside a second copy is refused before anything starts", async () => {
  plan = planFor(image, { compose: "services:\n  web: { image: web, network_mode: host, volumes: ['./conf:/conf'] }\n" });
  const ran = await deployPlan(plan);
  expect(ran.code, ran.output).toBe(20);
  expect(ran.output).toContain('service "web": network_mode host cannot run beside a second copy');
  expect(ran.output).toContain('service "web" mounts conf from beside the Compose file');
});

/** An image with nothing in it but what it says of itself. */
async function loadImage(name: string, architecture: string): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "image-"));
  const layer = Buffer.alloc(1024);
  const config = { architecture, os: "linux", rootfs: { type: "layers", diff_ids: [`sha256:${createHash("sha256").update(layer).digest("hex")}`] } };
  const files = {
    "layer.tar": layer,
    "config.json": JSON.stringify(config),
    "manifest.json": JSON.stringify([{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }]),
  };
  for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text);
  await must("sh", ["-c", `tar --directory ${folder} --create ${Object.keys(files).join(" ")} | docker load --quiet`]);
  fs.rmSync(folder, { recursive: true });
}

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

/** A list of that one image, by the registry's own interface: the engine here has no buildx. Gives its digest. */
async function pushList(repository: string, image: string, architecture: string): Promise<string> {
  const ca = fs.readFileSync(inSite(testSite, "registry", "certificate.pem"));
  const ask = (method: string, reference: string, headers: Record<string, string>, body = "") =>
    new Promise<{ status: number | undefined; headers: IncomingHttpHeaders }>((done, fail) => {
      const auth = `${REGISTRY_USER}:${registryPassword(testSite)}`;
      const path = `/v2/${repository}/manifests/${reference}`;
      const sent = request({ host: "127.0.0.1", port: testSite.registryPort, path, method, ca, auth, headers }, (answer) => {
        answer.resume().on("end", () => done({ status: answer.statusCode, headers: answer.headers }));
      });
      sent.on("error", fail).end(body);
    });
  const { headers } = await ask("HEAD", image, { accept: MANIFEST });
  const one = { mediaType: MANIFEST, size: Number(headers["content-length"]), digest: image, platform: { architecture, os: "linux" } };
  const put = await ask("PUT", "list", { "content-type": LIST }, JSON.stringify({ schemaVersion: 2, mediaType: LIST, manifests: [one] }));
  expect(put.status).toBe(201);
  return String(put.headers["docker-content-digest"]);
}

describe("an image for another architecture is told from one that fails, before anything is backed up or migrated", () => {
  const name = `${registryName(testSite)}/recoloca/other`;
  const env = dockerConfig(testSite);
  let digest: string;
  const deployed = async (image: string) => {
    plan = planFor(image, { migration: { service: "web", command: ["false"], timeout: 10 } });
    const ran = await deployPlan(plan);
    expect(ran.code, ran.output).toBe(21);
    expect(ran.output).not.toContain("MIGRATION");
    return ran.output;
  };
  beforeAll(async () => {
    await loadImage(`${name}:arm64`, "arm64");
    await must("docker", ["push", "--quiet", `${name}:arm64`], { env });
    digest = (await must("docker", ["image", "inspect", "--format", "{{index .RepoDigests 0}}", `${name}:arm64`])).trim();
    await must("docker", ["rmi", "--force", `${name}:arm64`]);
  });

  test("of one alone", async () => {
    const output = await deployed(digest);
    expect(output).toContain(`image ${digest} is for arm64, and this server is amd64`);
    expect(output).toContain("build it for linux/amd64, or for both");
  });

  test("of a list, as buildx writes one also for a single architecture", async () => {
    const list = await pushList("recoloca/other", digest.split("@")[1]!, "arm64");
    expect(list).toMatch(/^sha256:/);
    expect(await deployed(`${name}@${list}`)).toContain("it was built for others than linux/amd64, which this server is");
  });
});

describe("two applications on one host", () => {
  test("each has its own routes and releases; removing one leaves the other serving; a taken route is refused", async () => {
    plan = planFor(image);
    const other = planFor(image, { application: "second", routes: [{ host: "second.test", path: "/", service: "web", port: 8000 }], gates: [] });
    await deployPlan(plan);
    const ran = await deployPlan(other);
    expect(ran.code, ran.output).toBe(0);
    expect((await get("/", "second.test")).body).toBe("hello");
    expect((await get("/", "unknown.test")).status).toBe(503);
    const thief = await deployPlan(planFor(image, { application: "third" }));
    expect(thief.code).toBe(20);
    expect(thief.output).toContain("route shapes.test/ belongs to shapes-test on this host");
    await removeStack(other);
    expect((await get("/", "second.test")).status).toBe(503);
    expect((await get("/")).body).toBe("hello");
    await removeStack(planFor(image, { application: "third" }));
  });
});
