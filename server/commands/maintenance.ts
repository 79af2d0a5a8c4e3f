/** `recoloca maintenance on|off`: visitors get a page; whoever sends the word passes, to look before they are let in. */
import * as fs from "node:fs";
import { Wrong, type Given } from "../command-line.ts";
import { BYPASS_HEADER } from "../edge-configuration.ts";
import { Edge, applyConfiguration, storedEdge } from "../edge.ts";
import { say } from "../follow.ts";
import { isTaken, ownerOf } from "../lock.ts";
import { letIn, shut } from "../maintenance.ts";
import { wantsWindow } from "../prepare.ts";
import { ago, byWhom } from "../render.ts";
import { runningDeploy } from "../stack-lock.ts";
import { Store, type Maintenance } from "../store.ts";
import { refuse } from "./refuse.ts";
import { theStack, whoAmI } from "./which.ts";

export async function maintenance(given: Given): Promise<number> {
  const store = new Store(theStack(given));
  const stored = storedEdge(store.stack);
  if (!stored) return refuse(`${store.stack} has no routes yet: nothing to close. Nothing was changed.`);
  const edge = new Edge(stored);
  const [word] = given.words;
  if (word !== undefined && word !== "on" && word !== "off") throw new Wrong(`maintenance got "${word}", wants on or off`);
  const number = word === undefined ? undefined : await closedFor(store);
  const owner = word === "off" && (await isTaken(store.lockFile)) ? ownerOf(store.lockFile) : undefined;
  // What is written of an owner outlives him.
  if (owner?.closed && fs.existsSync(`/proc/${owner.pid}`))
    return refuse(
      `a backup is being put in the place of what is there${byWhom({ actor: owner.by })}, since ${ago(owner.since)}: what visitors wrote now would be lost\n   recoloca maintenance off   once that has ended. Nothing was changed.`,
    );
  if (number !== undefined) return refuse(`release ${number} closes ${store.stack} while it changes the data, and opens it itself. Nothing was changed.`);
  // The configuration that an older program wrote knows nothing of it.
  if (word !== undefined) await applyConfiguration();
  if (word === "on") await shut(store, edge, { by: whoAmI(), at: new Date().toISOString() });
  if (word === "off") await letIn(store, edge);
  const is = store.maintenance();
  if (given.options["json"]) process.stdout.write(`${JSON.stringify(is ?? null, null, 2)}\n`);
  else say(is ? ` ${sayClosed(store.stack, is)}\n   past it    curl --header '${BYPASS_HEADER}: ${is.word}' URL` : ` ${store.stack} is open`);
  return 0;
}

/** A release that runs now, and may let nobody in before it wants to. */
async function closedFor(store: Store): Promise<number | undefined> {
  const number = await runningDeploy(store);
  return number !== undefined && wantsWindow(store.plan(number), store.record(number)) ? number : undefined;
}

export const sayClosed = (stack: string, { by, at, release }: Maintenance) =>
  `${stack} is closed: visitors get the maintenance page, ${release === undefined ? `by ${by}` : `for release ${release}`}, since ${ago(at)}; recoloca maintenance off lets them in`;
