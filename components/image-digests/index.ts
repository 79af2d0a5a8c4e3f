/**
 * A tag becomes the digest that it names when the program runs, so that the preview shows it and every server gets the same image
 * (design D8). The registry is asked; no Docker engine is.
 */
import { getRegistryImage } from "@pulumi/docker/getRegistryImage.js";
import { Provider } from "@pulumi/docker/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { Refusal } from "../refusal.ts";

export interface ImageDigestsArgs {
  /** Service to image, by digest or by tag. */
  readonly images: Readonly<Record<string, string>>;
  /** Who asks the registry: the given login, else the caller's own `docker login`. */
  readonly registry?:
    { readonly registry: string; readonly login: { readonly username: string; readonly password: pulumi.Input<string> } | object } | undefined;
}

/**
 * The provider wants an engine that answers before it looks anything up, but for one behind SSH, which it does not try:
 * https://github.com/pulumi/pulumi-docker/issues/1106. This one is never called.
 */
const NO_ENGINE = "ssh://nobody@engine.invalid";

const isDigest = (image: string) => image.includes("@");

/** Service to image, by digest. What names none yet is looked up once, however many services run it. */
export function imageDigests(name: string, { images, registry }: ImageDigestsArgs, opts?: pulumi.ResourceOptions): pulumi.Input<Record<string, string>> {
  const tags = [...new Set(Object.values(images).filter((image) => !isDigest(image)))];
  if (tags.length === 0) return { ...images };
  const login = registry && "username" in registry.login ? registry.login : undefined;
  const auth = login && { registryAuth: [{ address: registry!.registry, username: login.username, password: pulumi.secret(login.password) }] };
  const provider = new Provider(name, { host: NO_ENGINE, ...auth }, opts);
  const found = Object.fromEntries(tags.map((tag) => [tag, digestOf(tag, provider)]));
  return pulumi
    .all(found)
    .apply((digests) =>
      Object.fromEntries(Object.entries(images).map(([service, image]) => [service, isDigest(image) ? image : `${image}@${digests[image]!}`])),
    );
}

async function digestOf(image: string, provider: Provider): Promise<string> {
  try {
    return (await getRegistryImage({ name: image }, { provider })).sha256Digest;
  } catch (error) {
    throw new Refusal(sayNotFound(image, (error as Error).message));
  }
}

const PASSWORD = `is the password right, may it read packages, and this one?
  pulumi config set --secret recoloca:registryPassword`;
/** The server's role pulls there without a password; a tag is looked up with the login of this machine. */
const ecrLogin = (server: string) => `this machine's own login there lasts twelve hours
  aws ecr get-login-password | docker login --username AWS --password-stdin ${server}`;

export function sayNotFound(image: string, said: string): string {
  const [server] = image.split("/");
  const why = /401|403|unauthorized|denied|bad credentials/i.test(said)
    ? `${server} does not let this login read it: ${/\.dkr\.ecr\./.test(server!) ? ecrLogin(server!) : PASSWORD}`
    : /404|not found|manifest unknown/i.test(said)
      ? `${server} has no such tag, or does not show it to this login: was it pushed?`
      : said.split("\n").at(-1)!.trim();
  return `the digest of ${image} cannot be looked up; nothing was changed\n  ${why}`;
}
