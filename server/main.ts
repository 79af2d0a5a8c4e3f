/** `recoloca`, the host program: one file, put on the host by Pulumi, used by Pulumi and by people. */
import { Wrong, parse, usage } from "./command-line.ts";
import { COMMANDS } from "./commands/list.ts";
import { answerAsJson } from "./json-answer.ts";

// Who reads may be gone before the end: a cut connection, or `| head`. What is being done goes on.
process.stdout.on("error", () => undefined);

async function main(): Promise<number> {
  const [name, ...rest] = process.argv.slice(2);
  if (name === undefined || name === "--help" || name === "help") {
    process.stdout.write(usage(COMMANDS));
    return 0;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (!command) throw new Wrong(`there is no command "${name}"`);
  if (rest.includes("--help")) {
    process.stdout.write(usage([command]));
    return 0;
  }
  const given = parse(command, rest);
  if (!given.options["json"]) return command.does(given);
  if (command.story) return answerAsJson(() => command.does(given));
  // Its own object is what it prints; one that fails before has none.
  return command.does(given).catch((error: Error) =>
    answerAsJson(() => {
      throw error;
    }),
  );
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const wrong = error instanceof Wrong;
    process.stderr.write(`recoloca: ${(error as Error).message}\n${wrong ? "  recoloca --help says what there is\n" : ""}`);
    process.exitCode = wrong ? 2 : 1;
  },
);
