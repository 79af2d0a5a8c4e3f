/** HAProxy as it runs: one command on one of its sockets, its processes of before a reload, and its maps, which are files as well. */
import * as fs from "node:fs";
import * as net from "node:net";
import { ADMIN_SOCKET } from "./edge-configuration.ts";
import { sleep } from "./process.ts";
import { writeWhole } from "./store.ts";

export const MASTER_SOCKET = "/run/haproxy-master.sock";

/** Milliseconds that a restart of HAProxy may take, for whoever asks meanwhile, and between two tries. */
const RESTART = 5000;
const PAUSE = 50;
/** Nobody listens at the moment, or whoever did is gone before he said anything. */
const AWAY = ["ECONNREFUSED", "ENOENT", "ECONNRESET", "EPIPE"];
/** Whether it was away for longer than that: then nobody waits for it again, until it answers. */
let gone = false;

/**
 * One command on one of HAProxy's sockets; its whole answer. While it restarts it is asked again: each command may come twice, and a process that has
 * just started has read from files what an earlier one was told. Further lines of a command may be secret, so that only the first is ever said.
 */
export async function ask(socket: string, command: string): Promise<string> {
  for (const began = performance.now(); ;) {
    try {
      const answer = await askOnce(socket, command);
      gone = false;
      return answer;
    } catch (error) {
      if (!AWAY.includes((error as NodeJS.ErrnoException).code ?? "") || gone) throw error;
      if (performance.now() - began > RESTART) {
        gone = true;
        throw error;
      }
      await sleep(PAUSE);
    }
  }
}

function askOnce(socket: string, command: string): Promise<string> {
  return new Promise((done, fail) => {
    let answer = "";
    // Its master, unlike its worker, ends an answer only when nothing more is to come.
    const connection = net.createConnection(socket, () => connection.end(`${command}\n`));
    connection.setTimeout(10_000, () => connection.destroy(new Error(`haproxy gave no answer to "${command.split("\n")[0]}" in 10s`)));
    connection.setEncoding("utf8").on("data", (text: string) => (answer += text));
    connection.on("error", fail).on("end", () => {
      // Its process has gone: what is shown is never nothing.
      if (answer === "" && command.startsWith("show")) fail(Object.assign(new Error(`haproxy ended before it answered "${command}"`), { code: "ECONNRESET" }));
      else done(answer.trim());
    });
  });
}

/** Has it read its files anew while everything goes on. A reload that fails leaves the old process serving, and says so only here. */
export async function reload(): Promise<string | undefined> {
  const verdict = await ask(MASTER_SOCKET, "reload").catch(() => "Success=0 (no answer)");
  return verdict.includes("Success=1") ? undefined : verdict;
}

/** Of one that was just started. */
export async function waitForAdmin(): Promise<void> {
  gone = false;
  await ask(ADMIN_SOCKET, "show version");
}

/** One command to a process of before a reload that still has somebody's connection; nothing, where it has ended meanwhile. */
export type Tell = (command: string) => Promise<string>;

/** While it reloads its master is away for a moment: that is waited for, as nobody there would look like nobody waiting. */
export async function former(): Promise<Tell[]> {
  const processes = fs.existsSync(MASTER_SOCKET) ? await ask(MASTER_SOCKET, "show proc") : "";
  return formerWorkers(processes).map((pid) => (command) => ask(MASTER_SOCKET, `@!${pid} ${command}`).then(unlessGone));
}

const unlessGone = (answer: string) => (answer.startsWith("Can't find the target PID") ? "" : answer);

/** Their process numbers, from `show proc`. */
export const formerWorkers = (processes: string): number[] =>
  (/^# old workers\n((?:\d.*\n)*)/m.exec(`${processes}\n`)?.[1] ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Number.parseInt(line, 10));

/** First the file, so that a restart keeps it, then the process that takes new visitors, then those of before a reload that are `also` to know. */
export async function setInMap(file: string, key: string, value: string, also?: (worker: Tell) => Promise<boolean>): Promise<void> {
  writeMap(file, readMap(file).set(key, value));
  const set = async (tell: Tell) => (await tell(`set map ${file} ${key} ${value}`)) && (await tell(`add map ${file} ${key} ${value}`));
  const answer = await set((command) => ask(ADMIN_SOCKET, command));
  if (answer !== "") throw new Error(`haproxy refused the switch: ${answer}`);
  // The switch tells nobody else, and asks for nobody: visitors wait for it.
  if (also) for (const worker of await former()) if (await also(worker)) await set(worker);
}

export function readMap(file: string): Map<string, string> {
  if (!fs.existsSync(file)) return new Map();
  const lines = fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => line.split(" ") as [string, string]));
}

/** Root's alone: HAProxy reads it before it gives its rights away, and one of them has secrets in it. */
export const writeMap = (file: string, map: Map<string, string>) =>
  writeWhole(
    file,
    [...map]
      .sort()
      .map(([stack, slot]) => `${stack} ${slot}\n`)
      .join(""),
    0o600,
  );
