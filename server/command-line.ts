/** The command line: which words and options each command takes, and one clear error for any other. */
import { parseArgs } from "node:util";

export interface Given {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

export interface Command {
  readonly name: string;
  readonly says: string;
  readonly words?: readonly string[];
  /** Those of `OWN` are for the program itself; people are not shown them. */
  readonly options: Readonly<Record<string, "string" | "boolean">>;
  readonly does: (given: Given) => Promise<number>;
  /** Called by the program itself, not by people. */
  readonly hidden?: boolean;
  /** It tells a story, which `--json` turns into one object at its end. */
  readonly story?: boolean;
}

/** The caller used it wrongly: exit code 2. `usage`: how it goes, where that is not the whole help's to say. */
export class Wrong extends Error {
  readonly usage: string | undefined;

  constructor(message: string, usage?: string) {
    super(message);
    this.usage = usage;
  }
}

const OWN = ["from", "attempt", "timed"];

const optionsOf = ({ options, story }: Command): Command["options"] => ({ ...options, ...(story && { json: "boolean" }) });

export function parse(command: Command, args: readonly string[]): Given {
  const wanted = (command.words ?? []).filter((word) => word !== "--");
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: Object.fromEntries(Object.entries(optionsOf(command)).map(([name, type]) => [name, { type }])),
      allowPositionals: true,
    });
    const least = wanted.filter((word) => !word.startsWith("[")).length;
    const most = wanted.some((word) => word.endsWith("...")) ? Infinity : wanted.length;
    if (positionals.length < least || positionals.length > most)
      throw new Error(`wants ${wanted.join(" ") || "no words"}, got ${positionals.join(" ") || "none"}`);
    return { words: positionals, options: values };
  } catch (error) {
    throw new Wrong(`${command.name}: ${(error as Error).message.split(". To specify")[0]}`, usageOf(command));
  }
}

/** An option's text; a missing one is the caller's mistake. */
export function need(given: Given, option: string): string {
  const value = given.options[option];
  if (typeof value !== "string" || value === "") throw new Wrong(`--${option} is missing`);
  return value;
}

export function usage(commands: readonly Command[]): string {
  const lines = commands.filter((command) => !command.hidden || commands.length === 1).map((command) => `  ${usageOf(command)}\n      ${command.says}\n`);
  return `recoloca: what runs on this host, what happened to it, and how to change it\n\n${lines.join("")}`;
}

function usageOf(command: Command): string {
  const options = Object.entries(optionsOf(command))
    .filter(([name]) => !OWN.includes(name))
    .map(([name, type]) => (type === "boolean" ? `[--${name}]` : `[--${name} ${name.toUpperCase()}]`));
  return `recoloca ${[command.name, ...(command.words ?? []), ...options].join(" ")}`;
}
