/**
 * What a test's SSH server runs in place of whatever it is asked for: it writes down the words and what came with them, and answers as a host does that
 * deploys in no time. Nothing of this machine is touched. Its one argument: a folder.
 */
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
}

const file = (name: string) => path.join(process.argv[2]!, name);
const print = (line: string) => void process.stdout.write(`${line}\n`);

type Live = NonNullable<LiveAnswer["live"]>;
const LIVE = "live.json";
const live = () => (fs.existsSync(file(LIVE)) ? (JSON.parse(fs.readFileSync(file(LIVE), "utf8")) as Live) : null);

function deploy(plan: Plan, attempt: string): void {
  const [now, identity] = [live(), identityOf(plan)];
  if (now?.identity === identity) return print(` release ${now.number}  ${plan.release} is live already; nothing to do`);
  const { release, images, provenance, definitions } = plan;
  const next: Live = { number: (now?.number ?? 0) + 1, release, images, provenance, definitions, identity, attempt, since: "2026-11-25T00:00:00Z" };
  fs.writeFileSync(file(LIVE), JSON.stringify(next));
  print(` release ${next.number}  ${release} rolled`);
}

async function main(): Promise<void> {
  const words = process.env["SSH_ORIGINAL_COMMAND"]!;
  // A question of the program's own comes without any input, and without its end.
  const asked = /^(sudo -n )?(cat \/etc\/machine-id|recoloca (live|status|doctor)\b.*)$/.test(words);
  const input = asked ? "" : await text(process.stdin);
  const recorded: Recorded = { words, input: createHash("sha256").update(input).digest("hex") };
  if (!asked) fs.appendFileSync(file("recorded.jsonl"), `${JSON.stringify(recorded)}\n`);
  if (words.includes("/etc/machine-id")) print("0123456789abcdef0123456789abcdef");
  else if (/recoloca live /.test(words)) print(JSON.stringify({ format: 1, live: live(), next: `${(live()?.number ?? 0) + 1}-test` } satisfies LiveAnswer));
  else if (/recoloca deploy /.test(words)) deploy(planSchema.parse(JSON.parse(input)), /--attempt (\S+)/.exec(words)![1]!);
  else if (/recoloca (status|doctor)/.test(words)) print(` this is the server; it was asked: ${words}`);
}

await main();
