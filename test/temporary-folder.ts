/** What a run of tests, and each program it starts, puts among the temporary files is below one folder, and goes with the run. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { oncePerRun } from "./once-per-run.ts";

export default oncePerRun("temporary folder", async () => {
  const before = process.env.TMPDIR;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tests-"));
  // Workers are started after this, with the environment of this process.
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    fs.rmSync(folder, { recursive: true, force: true });
  };
});
