/** `recoloca`, the host program: one file, put on the host by Pulumi, used by Pulumi and by people. */
import { deploy } from "./commands/deploy";
import { login, logout } from "./commands/login";
import { install } from "./commands/install";
import { remove } from "./commands/remove";
import { runTransaction } from "./commands/run";
import { history, live, show, status } from "./commands/tell";
import { Wrong, parse, usage, type Command } from "./command-line";

export const COMMANDS: readonly Command[] = [
  { name: "status", says: "what is live, and what runs now", options: { json: "boolean" }, does: status },
  { name: "history", says: "what happened, newest first", options: { json: "boolean" }, does: history },
  { name: "show", says: "one release's whole story: recoloca show 14", words: ["NUMBER"], options: { json: "boolean", stack: "string" }, does: show },
  { name: "deploy", says: "deploys the plan on standard input", options: { attempt: "string" }, does: deploy },
  { name: "live", says: "what is live, for programs", options: { application: "string", environment: "string", json: "boolean" }, does: live },
  {
    name: "remove",
    says: "takes a stack's containers, networks and routes away; keeps its data",
    options: { application: "string", environment: "string", volumes: "boolean" },
    does: remove,
  },
  { name: "login", says: "keeps a registry's login, password on standard input", options: { server: "string", username: "string" }, does: login },
  { name: "logout", says: "forgets a registry's login", options: { server: "string" }, does: logout },
  { name: "install", says: "puts this program in place", options: {}, does: install, hidden: true },
  { name: "run", says: "runs a transaction of the store", words: ["STACK", "NUMBER"], options: {}, does: runTransaction, hidden: true },
];

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
  return command.does(parse(command, rest));
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
