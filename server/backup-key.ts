/** age's private key for a command on this server: by its standard input alone, and held by its process alone. */
import { backupKeysIn } from "../release/backup-key.ts";
import { Wrong, type Given } from "./command-line.ts";
import { readInput } from "./standard-input.ts";

/** The keys, one a line, where `--identity -` promises them. `command`: which one wants them. Throws `Wrong` with what came instead. */
export async function identityOf(given: Given, command: "restore" | "drill"): Promise<string | undefined> {
  const option = given.options["identity"];
  if (option === undefined) return undefined;
  if (option !== "-") throw new Wrong("--identity wants -, and the key on standard input: it never stands in an argument or a file of the server");
  if (process.stdin.isTTY)
    throw new Wrong(`--identity - wants the key by a pipe: a terminal would show it\n  make ${command} STACK=… IDENTITY=-   on your own machine asks for it`);
  const found = backupKeysIn(await readInput(), `ssh SERVER sudo recoloca ${command} … --identity -`);
  if ("problem" in found) throw new Wrong(`what came on standard input for age's private key ${found.problem}\n  ${found.fix}`);
  return found.keys;
}
