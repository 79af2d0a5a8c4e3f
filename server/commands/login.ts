/**
 * The registry's login on this host: a file of mode 0600 that only the deploy identity reads; or a helper that gets a short-lived
 * one at each pull, so that nothing is kept.
 */
import * as fs from "node:fs";
import { apt } from "../apt.ts";
import { Wrong, need, type Given } from "../command-line.ts";
import { DOCKER_CONFIG } from "../compose.ts";
import { lastLines, run } from "../process.ts";
import { readInput } from "../standard-input.ts";
import { Store, writeWhole } from "../store.ts";

/** Helpers that we know, by their names in Docker's configuration, with the distribution's package. */
const HELPERS: Record<string, string> = { "ecr-login": "amazon-ecr-credential-helper" };

const CONFIG = `${DOCKER_CONFIG}/config.json`;
type DockerConfig = { readonly credHelpers?: Record<string, string>; readonly auths?: Record<string, object> };
const writeConfig = (config: DockerConfig) => writeWhole(CONFIG, `${JSON.stringify(config, null, 2)}\n`);
const readConfig = () => (fs.existsSync(CONFIG) ? (JSON.parse(fs.readFileSync(CONFIG, "utf8")) as DockerConfig) : {});

async function useHelper(server: string, helper: string): Promise<number> {
  const name = HELPERS[helper];
  if (name === undefined) throw new Wrong(`--helper got "${helper}", wants ${Object.keys(HELPERS).join(", ")}`);
  if ((await run("sh", ["-c", `command -v docker-credential-${helper}`])).code !== 0) {
    await apt(["update"]);
    await apt(["install", "-y", "--no-install-recommends", name]);
  }
  fs.mkdirSync(DOCKER_CONFIG, { recursive: true, mode: 0o700 });
  const now = readConfig();
  writeConfig({ ...now, credHelpers: { ...now.credHelpers, [server]: helper } });
  process.stdout.write(` pulls from ${server} with this server's own role, by ${name}\n`);
  return 0;
}

export async function login(given: Given): Promise<number> {
  const server = need(given, "server");
  if (given.options["helper"] !== undefined) return useHelper(server, need(given, "helper"));
  const username = need(given, "username");
  const password = await readInput();
  fs.mkdirSync(DOCKER_CONFIG, { recursive: true, mode: 0o700 });
  removeLeft();
  // Aside: until the new one has been seen to open what is live, deploys go on with the one before.
  const aside = fs.mkdtempSync(`${DOCKER_CONFIG}/new-${process.pid}-`);
  try {
    const why = await proven(server, username, password, aside);
    if (why !== undefined) {
      process.stdout.write(` ${why}\n   the password: pulumi config set --secret recoloca:registryPassword\n`);
      return 1;
    }
    const now = readConfig();
    const { auths = {} } = JSON.parse(fs.readFileSync(`${aside}/config.json`, "utf8")) as DockerConfig;
    writeConfig({ ...now, auths: { ...now.auths, ...auths } });
  } finally {
    fs.rmSync(aside, { recursive: true, force: true });
  }
  process.stdout.write(` logged in to ${server} as ${username}\n`);
  return 0;
}

/** What a login that was killed has left, with its password in it. One that still runs may be another stack's. */
function removeLeft(): void {
  for (const name of fs.readdirSync(DOCKER_CONFIG)) {
    const [, pid] = /^new-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !fs.existsSync(`/proc/${pid}`)) fs.rmSync(`${DOCKER_CONFIG}/${name}`, { recursive: true, force: true });
  }
}

/** Why this login is none, or undefined: it is let in, and may read what is live, as a rollback to it would. */
async function proven(server: string, username: string, password: string, folder: string): Promise<string | undefined> {
  const said = (text: string) => lastLines(text.replaceAll(password.trim() || "\0", "••••"), 1);
  const env = { DOCKER_CONFIG: folder };
  const ran = await run("docker", ["login", "--username", username, "--password-stdin", server], { env, input: password });
  if (ran.code !== 0) return `${server} does not let ${username} in: ${said(ran.stderr)}`;
  const live = Store.stacks().flatMap((stack) => liveImages(new Store(stack), server));
  // Each repository has its own word on who may read it; of one a single image says it.
  for (const image of new Map(live.map((one) => [repositoryOf(one), one])).values()) {
    // The engine reads its manifest with this login, and has the rest.
    const pulled = await run("docker", ["pull", "--quiet", image], { env, timeout: 900 });
    // Any other reason is none against the login: the image may have been pruned there.
    if (pulled.code !== 0 && /denied|unauthorized|authentication/i.test(pulled.stderr))
      return `${server} lets ${username} in, and not to ${repositoryOf(image)}, which is live: ${said(pulled.stderr)}`;
  }
  return undefined;
}

const repositoryOf = (image: string) => image.split("@")[0]!;

function liveImages(store: Store, server: string): string[] {
  const { live } = store.state();
  return Object.values((live && store.record(live.number)?.images) ?? {}).filter((image) => image.startsWith(`${server}/`));
}

export async function logout(given: Given): Promise<number> {
  const server = need(given, "server");
  // The login is the host's, not one stack's: who still pulls with it keeps it.
  const others = Store.stacks().filter((stack) => liveImages(new Store(stack), server).length > 0);
  if (others.length > 0) {
    process.stdout.write(` the login for ${server} stays: ${others.join(", ")} on this host pulls with it\n`);
    return 0;
  }
  const { credHelpers: { [server]: helper, ...helpers } = {}, ...config } = readConfig();
  if (helper === undefined) await run("docker", ["logout", server], { env: { DOCKER_CONFIG } });
  else writeConfig({ ...config, credHelpers: helpers });
  process.stdout.write(` logged out of ${server}\n`);
  return 0;
}
