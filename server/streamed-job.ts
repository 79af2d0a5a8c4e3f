/**
 * A job whose output would be too large for a log: it goes through a pipe with a name on the host, from the command straight to
 * whoever reads. The kernel ends it when the last writer is gone, neither earlier nor with anything left in it.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import type { Writable } from "node:stream";
import * as engine from "./engine.ts";
import { endOf, jobName, start, type Job } from "./job.ts";
import { must } from "./process.ts";

/** Whoever waits for a first writer is told that none comes any more. */
function noMoreWriters(pipe: string): void {
  try {
    fs.closeSync(fs.openSync(pipe, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK));
  } catch (error) {
    // Nobody reads: it has ended already.
    if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
  }
}

/** Writes the job's output to the stream, without ending that, by a pipe that is made at this path. Gives what it said on stderr. */
export async function streamJob(job: Job, pipe: string, output: Writable, seconds: number): Promise<{ code: number; said: string }> {
  fs.rmSync(pipe, { force: true });
  // Whoever runs in the container may write it.
  await must("mkfifo", ["--mode=666", pipe]);
  const reader = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "inherit"] });
  let broken: Error | undefined;
  let over = false;
  const breaks = (error: Error) => {
    broken ??= error;
    reader.kill("SIGKILL");
    // What it still writes would go nowhere.
    void engine.removeJob(jobName(job)).catch(() => undefined);
  };
  const stillWhole = () => {
    if (broken) throw broken;
  };
  const drained = new Promise<void>((done) =>
    reader.on("error", breaks).on("close", (code, signal) => {
      // The command may have ended well before, and the rest of what it wrote is in a pipe that nobody empties any more.
      if (code !== 0 && !over) breaks(new Error(`what reads its output ended with ${signal ?? `exit code ${code}`}`));
      done();
    }),
  );
  reader.stdout.on("error", breaks).pipe(output.on("error", breaks), { end: false });
  try {
    const name = await start({ ...job, output: pipe });
    // Before there was a container to remove: its command would wait for a reader until its time is over.
    stillWhole();
    const { code, output: said, late } = await endOf(name, seconds);
    // Again and again, until it has heard: on a busy host the reader itself may come late.
    const telling = setInterval(() => noMoreWriters(pipe), 100);
    await drained.finally(() => clearInterval(telling));
    stillWhole();
    return { code, said: late ? `took longer than ${seconds}s and was ended` : said };
  } catch (error) {
    // A container that was removed under Compose's hands is not what went wrong.
    throw broken ?? error;
  } finally {
    over = true;
    reader.kill("SIGKILL");
    await engine.removeJob(jobName(job));
    fs.rmSync(pipe, { force: true });
  }
}
