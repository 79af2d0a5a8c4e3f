/**
 * `npm run read-actions`: of each pinned action that was raised since, reads what it takes and uses at the commit of its pin, and writes
 * `workflows/pins/inputs.json`. From GitHub's raw files; no account needed.
 */
import * as fs from "node:fs";
import { parse } from "yaml";
import { KNOWN, KNOWN_FILE, readPins, type Known, type Pin } from "../workflows/pins.ts";

interface ActionFile {
  readonly inputs?: Readonly<Record<string, { readonly required?: boolean | string; readonly default?: unknown } | null>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly runs?: { readonly steps?: readonly { readonly uses?: string }[] };
}

/** What an action's own file says of it. */
export function knownOf(text: string, { sha, version }: Pin): Known {
  const { inputs = {}, outputs = {}, runs } = parse(text) as ActionFile;
  const nested = (runs?.steps ?? []).flatMap(({ uses }) => (uses === undefined || /^(\.|docker:)/.test(uses) ? [] : [uses.split("@")[0]!]));
  const wanted = Object.entries(inputs).filter(([, input]) => String(input?.required) === "true" && input?.default === undefined);
  return {
    readAt: sha,
    version,
    inputs: Object.keys(inputs),
    required: wanted.map(([name]) => name),
    outputs: Object.keys(outputs),
    ...(nested.length > 0 && { nested: [...new Set(nested)].sort() }),
  };
}

/** Throws one error that names every action whose file cannot be read; then nothing was written. Gives the names of those that were. */
export async function readActions(
  // As they are, whatever was read before.
  pins: Readonly<Record<string, Pin>> = readPins(undefined, {}),
  {
    file = KNOWN_FILE,
    known = KNOWN,
    from = "https://raw.githubusercontent.com",
  }: { file?: string; known?: Readonly<Record<string, Known>>; from?: string } = {},
): Promise<string[]> {
  const raised = Object.entries(pins).filter(([name, { sha }]) => known[name]?.readAt !== sha);
  const wrong: string[] = [];
  const read: Record<string, Known> = {};
  for (const [name, pin] of raised) {
    const [owner, repository, ...inside] = name.split("/");
    const places = ["action.yml", "action.yaml"].map((one) => [from, owner, repository, pin.sha, ...inside, one].join("/"));
    const said: string[] = [];
    for (const place of places) {
      const answer = await fetch(place).catch((error: unknown) => String((error as Error).cause ?? error));
      if (typeof answer !== "string" && answer.ok) {
        read[name] = knownOf(await answer.text(), pin);
        break;
      }
      said.push(`${place}: ${typeof answer === "string" ? answer : answer.status}`);
    }
    if (!(name in read)) wrong.push(`${name}\n${said.map((line) => `    ${line}`).join("\n")}`);
  }
  if (wrong.length > 0)
    throw new Error(
      `the files of ${wrong.length} of ${raised.length} actions cannot be read; nothing was written\n${wrong.map((line) => `  ${line}`).join("\n")}`,
    );
  const all = Object.fromEntries(
    Object.keys(pins)
      .sort()
      .map((name) => [name, read[name] ?? known[name]!]),
  );
  if (raised.length > 0) fs.writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
  return Object.keys(read);
}

if (process.argv[1] === import.meta.filename) {
  try {
    const names = await readActions();
    process.stdout.write(names.length === 0 ? " every action was read at its pin\n" : names.map((name) => ` read ${name}\n`).join(""));
  } catch (error) {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
