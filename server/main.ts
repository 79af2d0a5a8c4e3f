/** `recoloca`, the host program: one file, put on the host by Pulumi, used by Pulumi and by people. */
import { Wrong, parse, usage } from "./command-line.ts";
import { COMMANDS } from "./commands/list.ts";
import { answerAsJson, ownAnswerOr } from "./json-answer.ts";
import { adviceOn } from "./advice.ts";
import { programVersion } from "./this-process.ts";

// Who reads may be gone before the end: a cut connection, or `| head`. What is being done goes on.
process.stdout.on("error", () => undefined);

async function main(): Promise<number> {
  const [name, ...rest] = process.argv.slice(2);
  if (name === undefined || name === "--help" || name === "-h" || name === "help") return print(usage(COMMANDS));
  if (name === "--version") return print(`${programVersion()}\n`);
  const command = COMMANDS.find((one) => one.name === name);
  if (!command) throw new Wrong(`there is no command "${name}"`);
  // What comes after two dashes is somebody else's command.
  const own = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (own.includes("--help") || own.includes("-h")) return print(usage([command]));
  const does = async () => command.does(parse(command, rest));
  if (!own.includes("--json") || !("json" in command.options || command.story)) return does();
  if (command.story) return answerAsJson(does);
  if (command.name !== "logs") return ownAnswerOr(does);
  // What it prints a line at a time is not held back.
  return does().catch((error: Error) => answerAsJson(() => Promise.reject(error)));
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const wrong = error instanceof Wrong;
    process.stderr.write(`recoloca: ${(error as Error).message}\n${adviceOn(error as Error)}`);
    process.exitCode = wrong ? 2 : 1;
  },
);
