/** A stack's whole configuration with the files that it names: its values, and every problem that there is. */
import * as fs from "node:fs";
import * as path from "node:path";
import { checkBastion } from "./bastion.ts";
import { checkTogether, checkValues, type ComposeFile, type Raw, type Values } from "./check.ts";
import { checkGithub } from "./check-github.ts";
import { checkSecrets } from "./check-secrets.ts";
import { checkCloud } from "./cloud.ts";
import { checkObservability } from "./observability.ts";
import { checkPreviews } from "./previews.ts";
import type { Problem } from "./problems.ts";
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
    ...checkTogether(values, compose, { secrets: [...secrets, ...providedBy(asked)], registry, page }),
    ...checkCloud(values, new Set(given)),
    ...checkBastion(values, new Set(given)),
    ...checkObservability(values, new Set(given)),
    ...checkGithub(values, environment),
    ...checkPreviews(values, environment),
    ...checkReview(values, environment),
    // Without a Compose file nobody can tell what it would use.
    ...(compose.text === undefined
      ? []
      : [
          ...checkSecrets({ given: secrets, compose: compose.text, referred: [values.backup?.database?.url ?? ""], github: values.github }),
          ...checkRotation(asked),
        ]),
  ];
  return { values, problems: [...problems, ...together], compose, page };
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
