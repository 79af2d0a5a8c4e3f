/**
 * What a test's SSH server runs in place of whatever it is asked for: it writes down the words and what came with them, and answers as a host does that
 * deploys in no time. What is asked of its own keys is done for real, in a home below the folder that is its one argument. Nothing else of this machine is
 * touched.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { identityOf, planSchema, type Plan } from "../../release/plan.ts";
import type { LiveAnswer } from "../../release/record.ts";

export interface Recorded {
  readonly words: string;
  /** SHA-256 of standard input. */
  readonly input: string;
  /** Where an age key came by it: processes of this machine, the one that asked among them, whose arguments or environment have it. */
  readonly seenIn?: readonly string[];
}

const file = (name: string) => path.join(process.argv[2]!, name);
const print = (line: string) => void process.stdout.write(`${line}\n`);

type Live = NonNullable<LiveAnswer["live"]>;
const LIVE = "live.json";
const live = () => (fs.existsSync(file(LIVE)) ? (JSON.parse(fs.readFileSync(file(LIVE), "utf8")) as Live) : null);

function deploy(plan: Plan, attempt: string): void {
  const [now, identity] = [live(), identityOf(plan)];
  const { release, images, provenance, definitions, generations = {} } = plan;
  if (now?.identity === identity) {
    fs.writeFileSync(file(LIVE), JSON.stringify({ ...now, generations }));
    return print(` release ${now.number}  ${plan.release} is live already; nothing to do`);
  }
  const next: Live = {
    number: (now?.number ?? 0) + 1,
    release,
    images,
    provenance,
    definitions,
    generations,
    identity,
    attempt,
    since: "2026-11-25T00:00:00Z",
  };
  fs.writeFileSync(file(LIVE), JSON.stringify(next));
  print(` release ${next.number}  ${release} rolled`);
}

function processesThatShow(key: string): string[] {
  const shows = (file: string) => {
    try {
      return fs.readFileSync(file, "utf8").includes(key);
    } catch {
      // It has ended, or is another's.
      return false;
    }
  };
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id) => ["cmdline", "environ"].map((name) => `/proc/${id}/${name}`))
    .filter(shows);
}

async function main(): Promise<void> {
  const words = process.env["SSH_ORIGINAL_COMMAND"]!;
  if (/authorized_keys|^true$/.test(words)) {
    const { status } = spawnSync("sh", ["-c", words], { env: { ...process.env, HOME: file("home") }, stdio: "inherit" });
    process.exitCode = status ?? 1;
    return;
  }
  // A question of the program's own comes without any input, and without its end.
  const asked = /^(sudo -n )?(cat \/etc\/machine-id|recoloca (live|status|doctor|history)\b.*)$/.test(words);
  const input = asked ? "" : await text(process.stdin);
  const key = /AGE-SECRET-KEY-\S+/.exec(input)?.[0];
  const recorded: Recorded = { words, input: createHash("sha256").update(input).digest("hex"), ...(key && { seenIn: processesThatShow(key) }) };
  if (!asked) fs.appendFileSync(file("recorded.jsonl"), `${JSON.stringify(recorded)}\n`);
  if (words.includes("/etc/machine-id")) print("0123456789abcdef0123456789abcdef");
  else if (/recoloca live /.test(words)) print(JSON.stringify({ format: 1, live: live(), next: `${(live()?.number ?? 0) + 1}-test` } satisfies LiveAnswer));
  else if (/recoloca deploy /.test(words)) deploy(planSchema.parse(JSON.parse(input)), /--attempt (\S+)/.exec(words)![1]!);
  else if (/recoloca history /.test(words)) print(JSON.stringify([{ stack: "recoloca-behind", number: live()?.number ?? 0, release: "1", outcome: "live" }]));
  else if (/recoloca (status|doctor)/.test(words)) print(` this is the server; it was asked: ${words}`);
}

await main();
