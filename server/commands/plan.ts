/** `recoloca plan`: what a deploy would do, and everything that would keep it from doing it. Changes nothing. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { OUTCOMES } from "../../release/outcome.ts";
import { identityOf, stackName } from "../../release/plan.ts";
import { previewLines } from "../../release/preview.ts";
import { keepsData, type ComposeDocument } from "../compose-split.ts";
import { say } from "../follow.ts";
import { liveAnswer } from "../live-answer.ts";
import { checkRoom, readCompose, readWhole } from "../prepare.ts";
import { readPlan } from "../read-plan.ts";
import { firstLine } from "../render.ts";
import { runningDeploy, sayRunning } from "../stack-lock.ts";
import { readInput } from "../standard-input.ts";
import { Store } from "../store.ts";
import { holdOf } from "./hold.ts";
import { refuse } from "./refuse.ts";

export async function planCommand(): Promise<number> {
  const plan = readPlan(await readInput());
  if (typeof plan === "string") return refuse(plan);
  const store = new Store(stackName(plan));
  const { live } = liveAnswer(store);
  if (live?.identity === identityOf(plan)) {
    say(` release ${live.number}  ${live.release} is live already; nothing to do`);
    return 0;
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "recoloca-plan-"));
  let document: ComposeDocument;
  try {
    document = await readWhole(store, plan, readCompose(folder, plan));
    await checkRoom();
  } catch (error) {
    return refuse((error as Error).message);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  previewLines(live, plan, { keepsData: (service) => keepsData(document, service) }).forEach((line) => say(` ${line}`));
  const held = holdOf(store, plan, undefined);
  if (held !== undefined) say(` it would be refused: ${held}`);
  const number = await runningDeploy(store);
  const record = number === undefined ? undefined : store.record(number);
  if (record) say(` it would have to wait: ${firstLine(sayRunning({ record }))}`);
  return held === undefined ? 0 : OUTCOMES.refused.exit;
}
