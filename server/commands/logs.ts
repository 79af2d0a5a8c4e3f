/** `recoloca logs` and `recoloca exec`: into the live release's services and those of the base, by the names in the Compose file. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Wrong, type Given } from "../command-line.ts";
import { baseContainers, slotContainers, type ContainerState } from "../engine.ts";
import { Store } from "../store.ts";
import { theStack } from "./which.ts";

async function servicesOf(given: Given, wanted: string | undefined): Promise<ContainerState[]> {
  const store = new Store(theStack(given));
  const { live } = store.state();
  const all = [...(live ? await slotContainers(store.stack, live.slot) : []), ...(await baseContainers(store.stack))];
  const found = all.filter((one) => wanted === undefined || one.service === wanted).sort((a, b) => (a.service < b.service ? -1 : 1));
  if (found.length === 0) {
    const names = [...new Set(all.map((one) => one.service))].sort().join(", ");
    throw new Wrong(wanted === undefined ? `nothing runs on ${store.stack}` : `${store.stack} has no service "${wanted}" that is live; it has ${names}`);
  }
  return found;
}

export async function logs(given: Given): Promise<number> {
  const { lines = "100", follow, json } = given.options;
  if (!/^\d+$/.test(String(lines))) throw new Wrong(`--lines got "${String(lines)}", wants a number`);
  const found = await servicesOf(given, given.words[0]);
  const width = Math.max(...found.map((one) => one.service.length));
  const codes = await Promise.all(
    found.map(
      ({ id, service }) =>
        new Promise<number>((done, fail) => {
          const child = spawn("docker", ["logs", "--tail", String(lines), ...(follow ? ["--follow"] : []), id], { stdio: ["ignore", "pipe", "pipe"] });
          for (const output of [child.stdout, child.stderr])
            createInterface({ input: output }).on("line", (line) =>
              process.stdout.write(json ? `${JSON.stringify({ service, line })}\n` : found.length > 1 ? `${service.padEnd(width)}  ${line}\n` : `${line}\n`),
            );
          child.on("error", fail).on("close", (code) => done(code ?? 1));
        }),
    ),
  );
  return Math.max(...codes);
}

/** With a terminal where the caller has one. Its exit code is the command's. */
export async function exec(given: Given): Promise<number> {
  const [service = "", ...command] = given.words;
  const [container] = await servicesOf(given, service);
  const terminal = process.stdin.isTTY && process.stdout.isTTY ? ["--tty"] : [];
  return new Promise((done, fail) => {
    const child = spawn("docker", ["exec", "--interactive", ...terminal, container!.id, ...command], { stdio: "inherit" });
    child.on("error", fail).on("close", (code) => done(code ?? 1));
  });
}
