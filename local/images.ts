/** The sample application's images, built once per content and version, and pushed; what comes out are digests. */
import * as path from "node:path";
import { checkout } from "../tools/cache.ts";
import { attempt, must } from "./command.ts";
import { buildImage, debianImage, type Build } from "./image-store.ts";
import { dockerConfig } from "./registry.ts";
import { registryName, type Site } from "./site.ts";

export interface Images {
  readonly backend: string;
  readonly frontend: string;
  readonly postgres: string;
  readonly redis: string;
}

const folder = (name: string) => path.join(checkout, "application", name);

/** `runAs`: number of the user that backend and frontend run as, where it is to be another than theirs. */
export async function ensureImages(site: Site, version: string, runAs?: string): Promise<Images> {
  const debian = await debianImage("debian", ["ca-certificates"]);
  const base = await buildImage("sample-base", folder("base"), { base: debian });
  const user = runAs === undefined ? {} : { RUN_AS: runAs };
  const publish = async (name: string, build: Build, tag: string) =>
    push(site, await buildImage(`sample-${name}`, folder(name), build), `${registryName(site)}/recoloca/${name}`, tag);
  return {
    backend: await publish("backend", { base, args: { VERSION: version, ...user } }, version),
    frontend: await publish("frontend", { base, args: { VERSION: version, ...user } }, version),
    postgres: await publish("postgres", { args: { BASE: base } }, "17"),
    redis: await publish("redis", { args: { BASE: base } }, "8"),
  };
}

/** Pushes unless the engine knows the digest that the registry still has under it. */
async function push(site: Site, name: string, repository: string, tag: string): Promise<string> {
  const env = dockerConfig(site);
  // Whoever builds the same at the same time gives the name to an image of his own.
  const image = (await must("docker", ["image", "inspect", "--format", "{{.Id}}", name])).trim();
  const known = async () =>
    (await must("docker", ["image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', image]))
      .split("\n")
      .find((digest) => digest.startsWith(`${repository}@`));
  const digest = await known();
  if (digest && (await attempt("docker", ["manifest", "inspect", "--insecure", digest], { env })).code === 0) return digest;
  await must("docker", ["tag", image, `${repository}:${tag}`]);
  await must("docker", ["push", "--quiet", `${repository}:${tag}`], { env });
  const pushed = await known();
  if (!pushed) throw new Error(`${repository}:${tag} has no digest after its push`);
  return pushed;
}
