/** A registry with login and TLS, under one name that is valid on the machine and inside the server. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { checkout } from "../tools/cache.ts";
import { attempt, must, until } from "./command.ts";
import { buildImage, debianImage } from "./image-store.ts";
import { ensureNetwork, registryContainer } from "./server.ts";
import { inSite, registryName, type Site } from "./site.ts";

export const REGISTRY_USER = "recoloca";

export const registryPassword = (site: Site) => fs.readFileSync(inSite(site, "registry", "password"), "utf8").trim();

/** Docker's client configuration of this site: the person's own logins are not touched. */
export const dockerConfig = (site: Site) => ({ ...process.env, DOCKER_CONFIG: inSite(site, "docker") });

async function ensureSecrets(site: Site): Promise<void> {
  const folder = inSite(site, "registry");
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!fs.existsSync(path.join(folder, "password")))
    fs.writeFileSync(path.join(folder, "password"), `${randomBytes(18).toString("base64url")}\n`, { mode: 0o600 });
  if (fs.existsSync(path.join(folder, "certificate.pem"))) return;
  await must("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "825", "-subj", "/CN=127.0.0.1",
    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path.join(folder, "key.pem"), "-out", path.join(folder, "certificate.new"),
  ]); // prettier-ignore
  fs.renameSync(path.join(folder, "certificate.new"), path.join(folder, "certificate.pem"));
}

/** The volume that has a site's images. */
const imagesOf = (site: Site) => `${registryContainer(site)}-images`;

export async function ensureRegistry(site: Site): Promise<string> {
  await ensureSecrets(site);
  const base = await debianImage("registry-base", ["docker-registry", "apache2-utils", "ca-certificates"]);
  const image = await buildImage("registry", path.join(checkout, "local", "registry"), { args: { BASE: base } });
  const name = registryContainer(site);
  const state = (await attempt("docker", ["inspect", "--format", "{{.State.Status}} {{.Config.Image}} {{range .Mounts}}{{.Source}} {{end}}", name])).stdout;
  if (state !== "" && !(state.includes(` ${image} `) && state.includes(inSite(site, "registry")))) await attempt("docker", ["rm", "--force", name]);
  if ((await attempt("docker", ["inspect", name])).code !== 0) {
    await ensureNetwork(site);
    await must("docker", [
      "create", "--name", name, "--network", site.name, "-v", `${inSite(site, "registry")}:/secret:ro`, "-v", `${imagesOf(site)}:/images`,
      "-p", `127.0.0.1:${site.registryPort}:5443`, image,
    ]); // prettier-ignore
  }
  if (!state.startsWith("running")) await must("docker", ["start", name]);
  const login = () =>
    attempt("docker", ["login", "--username", REGISTRY_USER, "--password-stdin", registryName(site)], {
      env: dockerConfig(site),
      input: registryPassword(site),
    });
  await until(`the registry answers on ${registryName(site)}`, 30, async () => (await login()).code === 0);
  return `${registryName(site)}, TLS, login`;
}

/** A registry that runs gets all that another site's has: a push into it finds what it would have to compress. */
export async function copyImages(from: Site, to: Site): Promise<void> {
  const debian = await debianImage("debian", ["ca-certificates"]);
  await must("docker", ["run", "--rm", "-v", `${imagesOf(from)}:/from:ro`, "-v", `${imagesOf(to)}:/to`, debian, "cp", "-a", "/from/.", "/to/"]);
}

export async function removeRegistry(site: Site): Promise<void> {
  await attempt("docker", ["rm", "--force", registryContainer(site)]);
  await attempt("docker", ["volume", "rm", "--force", imagesOf(site)]);
}
