/**
 * What a test's SSH server answers in place of whatever it is asked for: it writes down the words and what came with them, and answers as a host does that
 * deploys in no time. Nothing of this machine is touched; what it keeps is in one folder.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { identityOf, planSchema, type Plan } from "../../release/plan.ts";
import type { LiveAnswer } from "../../release/record.ts";

export interface Recorded {
  readonly words: string;
  /** SHA-256 of standard input. */
  readonly input: string;
  /** Where an age key came by it: processes of this machine, the one that asked among them, whose arguments or environment have it. */
  readonly seenIn?: readonly string[];
}

type Live = NonNullable<LiveAnswer["live"]>;

/** As the programs end that say so. */
export const exitCodeOf = (answer: string) => (answer.includes("command not found") ? 127 : answer.includes("refused, nothing was changed") ? 20 : 0);

/** A question of the program's own, which comes without any input, and without its end. */
export const isQuestion = (words: string) =>
  /^(sudo -n )?(cat \/etc\/machine-id;.*|command -v recoloca .*|recoloca (live|status|doctor|history)\b.*)$/s.test(words);

export class RecordedAnswers {
  private readonly folder: string;
  private readonly machine: string;

  /** `machine`: 32 hexadecimal digits, of systemd. */
  constructor(folder: string, machine = "0123456789abcdef0123456789abcdef") {
    this.folder = folder;
    this.machine = machine;
  }

  private file = (name: string) => path.join(this.folder, name);

  private live(): Live | null {
    return fs.existsSync(this.file("live.json")) ? (JSON.parse(fs.readFileSync(this.file("live.json"), "utf8")) as Live) : null;
  }

  /** What is printed to whoever asked. */
  answer(words: string, input: string): string {
    const key = /AGE-SECRET-KEY-\S+/.exec(input)?.[0];
    const recorded: Recorded = { words, input: createHash("sha256").update(input).digest("hex"), ...(key && { seenIn: processesThatShow(key) }) };
    if (!isQuestion(words)) fs.appendFileSync(this.file("recorded.jsonl"), `${JSON.stringify(recorded)}\n`);
    if (fs.existsSync(this.file("bare"))) return this.bare(words);
    if (words.includes("/etc/machine-id")) return `${this.machine}\n`;
    if (/recoloca live /.test(words))
      return `${JSON.stringify({ format: 1, live: this.live(), next: `${(this.live()?.number ?? 0) + 1}-test` } satisfies LiveAnswer)}\n`;
    if (/recoloca deploy /.test(words) && input !== "") return this.deploy(planSchema.parse(JSON.parse(input)), /--attempt (\S+)/.exec(words)![1]!);
    if (/recoloca history /.test(words))
      return `${JSON.stringify([{ stack: "recoloca-behind", number: this.live()?.number ?? 0, release: "1", outcome: "live" }])}\n`;
    if (/recoloca (status|doctor)/.test(words)) return ` this is the server; it was asked: ${words}\n`;
    return "";
  }

  /** Of a server that nothing is on yet; what the file says keeps it from being prepared. */
  private bare(words: string): string {
    if (!words.includes("command -v recoloca")) return "bash: line 1: recoloca: command not found\n";
    const why = fs.readFileSync(this.file("bare"), "utf8");
    return `${words.includes("/etc/machine-id") ? `${this.machine}\n` : ""}${why === "" ? "" : `refused, nothing was changed: ${why}\n`}`;
  }

  private deploy(plan: Plan, attempt: string): string {
    const [now, identity] = [this.live(), identityOf(plan)];
    const { release, images, provenance, definitions, generations = {} } = plan;
    if (now?.identity === identity) {
      fs.writeFileSync(this.file("live.json"), JSON.stringify({ ...now, generations }));
      return ` release ${now.number}  ${plan.release} is live already; nothing to do\n`;
    }
    const number = (now?.number ?? 0) + 1;
    const next: Live = { number, release, images, provenance, definitions, generations, identity, attempt, since: "2026-11-25T00:00:00Z" };
    fs.writeFileSync(this.file("live.json"), JSON.stringify(next));
    return ` release ${number}  ${release} rolled\n`;
  }
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
