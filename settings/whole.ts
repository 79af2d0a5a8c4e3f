/** A stack's whole configuration with the files that it names: its values, and every problem that there is. */
import * as fs from "node:fs";
import * as path from "node:path";
import { NAME } from "../release/plan.ts";
import { checkBastion } from "./bastion.ts";
import { checkTogether, checkValues, unreadOf, type ComposeFile, type Raw, type Values } from "./check.ts";
import { checkGithub } from "./check-github.ts";
import { checkSecrets } from "./check-secrets.ts";
import { checkCloud, PRODUCTION } from "./cloud.ts";
import { checkObservability } from "./observability.ts";
import { checkPreviews } from "./previews.ts";
import { STACK_NAME, type Problem } from "./problems.ts";
import { checkReview } from "./review.ts";
import { checkRotation, providedBy } from "./rotation.ts";

export interface Whole {
  /** Complete where there is no problem. */
  readonly values: Partial<Values>;
  readonly problems: readonly Problem[];
  readonly compose: ComposeFile;
  /** Of the maintenance page, where the stack has its own. */
  readonly page: ComposeFile | undefined;
}

/** `folder` is the project's: files are named from there. `environment` is the stack's name. */
export function checkWhole(raw: Raw, folder: string, environment: string): Whole {
  const { values, problems } = checkValues(raw);
  const fileOf = (name: string): ComposeFile => ({ path: name, text: read(path.resolve(folder, name)) });
  const compose = fileOf(values.composeFile ?? "application/compose.yaml");
  const page = values.maintenancePage === undefined ? undefined : fileOf(values.maintenancePage);
  const given = Object.keys(raw.values);
  const unread = unreadOf(values, given, problems);
  const registry = ["registryServer", "registryUsername", "registryPassword"].filter((key) => given.includes(key));
  const secrets = Object.keys(values.secrets ?? {});
  const asked = {
    application: values.application ?? "recoloca",
    rotation: values.rotation ?? {},
    compose: compose.text ?? "",
    given: secrets,
    plain: Object.keys(values.variables ?? {}),
    backup: values.backup,
  };
  const together = [
    ...checkName(environment),
    ...checkTogether(values, compose, { secrets: [...secrets, ...providedBy(asked)], registry, page, unread }),
    ...checkCloud(values, environment, new Set(given), unread),
    ...checkBastion(values, new Set(given)),
    ...checkObservability(values, new Set(given)),
    ...checkGithub(values, environment, unread),
    ...checkPreviews(values, environment, unread),
    ...checkReview(values, environment),
    // Without a Compose file nobody can tell what it would use.
    ...(compose.text === undefined
      ? []
      : [
          // What cannot be read may use any of them.
          ...(unread.has("backup")
            ? []
            : checkSecrets({
                given: secrets,
                compose: compose.text,
                referred: [values.backup?.database?.url ?? ""],
                github: unread.has("github") ? "unread" : values.github,
                tested: environment !== PRODUCTION,
              })),
          ...checkRotation(asked),
        ]),
  ];
  return { values, problems: [...problems, ...furtherTo(problems, together, values)], compose, page };
}

/** The stack is the environment, by whose name the server calls what is its own. */
function checkName(environment: string): Problem[] {
  if (NAME.form.test(environment)) return [];
  const right = environment.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return [{ key: STACK_NAME, says: `got "${environment}", wants ${NAME.wants}`, fix: `pulumi stack rename ${NAME.form.test(right) ? right : "staging"}` }];
}

/** What is said already of a value that is wrong, or with the same way out of the same key, is said once. */
function furtherTo(said: readonly Problem[], more: readonly Problem[], values: Partial<Values>): Problem[] {
  const isInside = (inner: string, outer: string) => inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
  const isNested = (key: string) => /[.[]/.test(key);
  const isSaid = ({ key }: Problem) =>
    said.some((one) => key === one.key || (!(one.key in values) && isInside(key, one.key)) || (isNested(key) && isInside(one.key, key)));
  const isAgain = ({ key, fix }: Problem, index: number) => fix !== undefined && more.findIndex((one) => one.key === key && one.fix === fix) < index;
  return more.filter((one, index) => !isSaid(one) && !isAgain(one, index));
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
