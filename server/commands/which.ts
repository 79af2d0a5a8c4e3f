/** Which stack a command is about, and who gives it. */
import * as os from "node:os";
import { planSchema, stackName } from "../../release/plan.ts";
import { Wrong, need, type Given } from "../command-line.ts";
import { Store } from "../store.ts";

/** The one that is named, else the only one of `likely`, else the only one there is. */
export function theStack(given: Given, likely: readonly string[] = []): string {
  const all = Store.stacks();
  const named = given.options["stack"];
  if (typeof named === "string") {
    if (!all.includes(named)) throw new Wrong(`there is no stack "${named}" on this host${all.length > 0 ? `; there is ${all.join(", ")}` : ""}`);
    return named;
  }
  // Those of pull requests come and go beside the stack that somebody means.
  const lasting = all.filter((name) => !/-pr-\d+$/.test(name));
  const [only, ...more] = likely.length > 0 ? likely : lasting.length > 0 ? lasting : all;
  if (only === undefined) throw new Wrong("nothing is deployed on this host yet");
  if (more.length > 0) throw new Wrong(`several stacks are on this host: add --stack ${[only, ...more].join(" or --stack ")}`);
  return only;
}

/** The one of an application and an environment, as a plan names them: it may not be there. Their names are part of a folder's. */
export function namedStack(given: Given): string {
  const names = { application: need(given, "application"), environment: need(given, "environment") };
  for (const option of ["application", "environment"] as const) {
    const { error } = planSchema.shape[option].safeParse(names[option]);
    if (error) throw new Wrong(`--${option} got "${names[option]}", wants ${error.issues[0]!.message}`);
  }
  return stackName(names);
}

/** The person behind sudo, where there is one: `ana@server`. */
export const whoAmI = (): string => `${process.env["SUDO_USER"] || os.userInfo().username}@${os.hostname()}`;
