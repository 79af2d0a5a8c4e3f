/**
 * What a test's real SSH server runs in place of whatever it is asked for. What is asked of its own keys is done for real, in a home below the folder that is
 * its one argument; everything else is answered as recorded-answers.ts says.
 */
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { exitCodeOf, isQuestion, RecordedAnswers } from "./recorded-answers.ts";

const folder = process.argv[2]!;
const words = process.env["SSH_ORIGINAL_COMMAND"]!;
if (/authorized_keys|^true$/.test(words)) {
  const { status } = spawnSync("sh", ["-c", words], { env: { ...process.env, HOME: path.join(folder, "home") }, stdio: "inherit" });
  process.exitCode = status ?? 1;
} else {
  const answer = new RecordedAnswers(folder).answer(words, isQuestion(words) ? "" : await text(process.stdin));
  process.stdout.write(answer);
  process.exitCode = exitCodeOf(answer);
}
