/** The registry's login on this host: a file of mode 0600 that only the deploy identity reads. */
import * as fs from "node:fs";
import { need, readInput, type Given } from "../command-line.ts";
import { DOCKER_CONFIG } from "../compose.ts";
import { lastLines, run } from "../process.ts";
import { Store } from "../store.ts";

export async function login(given: Given): Promise<number> {
  const server = need(given, "server");
  const username = need(given, "username");
  const password = await readInput();
  fs.mkdirSync(DOCKER_CONFIG, { recursive: true, mode: 0o700 });
  const ran = await run("docker", ["login", "--username", username, "--password-stdin", server], { env: { DOCKER_CONFIG }, input: password });
  if (ran.code !== 0) {
    const said = lastLines(ran.stderr.replaceAll(password.trim() || "\0", "••••"), 1);
    process.stdout.write(` ${server} does not let ${username} in: ${said}\n   the password: pulumi config set --secret recoloca:registryPassword\n`);
    return 1;
  }
  fs.chmodSync(`${DOCKER_CONFIG}/config.json`, 0o600);
  process.stdout.write(` logged in to ${server} as ${username}\n`);
  return 0;
}

function usesRegistry(store: Store, server: string): boolean {
  const { live } = store.state();
  return Object.values((live && store.record(live.number)?.images) ?? {}).some((image) => image.startsWith(`${server}/`));
}

export async function logout(given: Given): Promise<number> {
  const server = need(given, "server");
  // The login is the host's, not one stack's: who still pulls with it keeps it.
  const others = Store.stacks().filter((stack) => usesRegistry(new Store(stack), server));
  if (others.length > 0) {
    process.stdout.write(` the login for ${server} stays: ${others.join(", ")} on this host pulls with it\n`);
    return 0;
  }
  await run("docker", ["logout", server], { env: { DOCKER_CONFIG } });
  process.stdout.write(` logged out of ${server}\n`);
  return 0;
}
