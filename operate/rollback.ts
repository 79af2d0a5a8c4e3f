/**
 * `make rollback`: the server goes back first, by itself; then the stack is told, so that what it wants and what is live agree again
 * (design D16). Whoever has no way to the stack's configuration goes back on the server: `recoloca rollback`.
 */
import type { Options, Ran } from "../local/command.ts";
import { OUTCOMES } from "../release/outcome.ts";
import { liveAnswerSchema, type ReleaseRecord } from "../release/record.ts";

/** What a release is in a stack's configuration. */
const KEYS = ["recoloca:images", "recoloca:release", "recoloca:provenance"];

/** `input`: its standard input, which is how a secret reaches it. */
export type Pulumi = (args: readonly string[], options?: Pick<Options, "onLine"> & { input?: string }) => Promise<Ran>;

export interface GoingBack {
  readonly stack: string;
  readonly application: string;
  /** Keys of the stack's configuration. */
  readonly configured: readonly string[];
  readonly pulumi: Pulumi;
  /** Runs a command on the server, says what it prints, and gives its exit code. */
  readonly ask: (words: readonly string[]) => Promise<number>;
  /** What a command on the server prints; throws where it fails. */
  readonly answer: (words: readonly string[]) => Promise<string>;
  readonly say: (line: string) => void;
}

/** `words`: as `recoloca` takes them, `rollback 14`. Gives the exit code: the server's where it has not gone back, else of telling the stack. */
export async function rollBack(words: readonly string[], run: GoingBack): Promise<number> {
  const code = await run.ask(words);
  if (code === OUTCOMES.live.exit) return settleStack(run);
  const named = words[1];
  if (code !== OUTCOMES.refused.exit || named === undefined || named.startsWith("-") || !(await isLive(named, run))) return code;
  // Whoever names what is live wants the stack to have it too: an earlier run may have ended before it was told.
  return settleStack(run);
}

/** Whether a release, by its number or its name, is what is live, also where a rollback has brought it back under a number of its own. */
async function isLive(named: string, { stack, application, answer }: GoingBack): Promise<boolean> {
  const { live } = liveAnswerSchema.parse(JSON.parse(await answer(["live", "--application", application, "--environment", stack, "--json"])));
  const all = JSON.parse(await answer(["history", "--json"])) as (ReleaseRecord & { stack: string })[];
  const mine = all.filter((one) => one.stack === `${application}-${stack}`);
  const found = mine.find(({ number }) => String(number) === named) ?? mine.find(({ release, outcome }) => release === named && outcome === "live");
  // While a deploy runs nobody knows what will be.
  if (!live || !found || mine.some(({ outcome }) => outcome === undefined)) return false;
  const now = mine.find(({ number }) => number === live.number);
  return found.number === live.number || found.identity === live.identity || found.number === now?.rollback?.to;
}

/** After the server has gone back. Gives the exit code. */
export async function settleStack({ stack, application, configured, pulumi, say }: Omit<GoingBack, "ask" | "answer">): Promise<number> {
  // Only the deployment: changes to the ground that wait for their own run go on waiting.
  const targets = [`**::${application}-release`, "**RotatedSecrets**"];
  const named = KEYS.filter((key) => configured.includes(key));
  /** By hand, as `make rollback` once more would go on to the release before. */
  const left = (keys: readonly string[]) =>
    [
      ...keys.map((key) => `pulumi config rm ${key} --stack ${stack}`),
      `pulumi up --stack ${stack} ${targets.map((one) => `--target '${one}'`).join(" ")}`,
    ].join("; ");
  for (const [index, key] of named.entries()) {
    const ran = await pulumi(["config", "rm", key]);
    if (ran.code !== 0)
      throw new Error(
        `the server went back, and the stack does not know it yet: pulumi config rm ${key} failed\n${ran.output.trim()}\n  what settles it, without going back once more: ${left(named.slice(index))}`,
      );
  }
  say(` telling stack ${stack} what is live now`);
  const ran = await pulumi(["up", "--yes", "--skip-preview", ...targets.flatMap((one) => ["--target", one])]);
  if (ran.code !== 0) {
    say(`${ran.output}\n the server went back; the stack does not know it yet. What settles it, without going back once more: ${left([])}`);
    return ran.code;
  }
  say(
    named.length > 0
      ? ` stack ${stack} names no release any more and keeps what is live: commit its file`
      : ` stack ${stack} and its server agree: it keeps what is live`,
  );
  return 0;
}
