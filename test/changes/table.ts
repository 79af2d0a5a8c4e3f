/** All of the table, and which settings are not in it. */
import { BACKUPS } from "./backup-rows.ts";
import { GITHUB } from "./github-rows.ts";
import { RELEASE, WATCHED } from "./release-rows.ts";
import type { Section } from "./row.ts";
import { SERVER } from "./server-rows.ts";
import { VISITORS } from "./visitor-rows.ts";

export const TABLE: readonly Section[] = [SERVER, VISITORS, RELEASE, BACKUPS, WATCHED, GITHUB];

/** Settings without a row, and why. */
export const NO_ROW: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["drift", "programPath", "paths", "image", "makesIdentityProvider", "apiUrl"].map((one) => [
      `previews.${one}`,
      "at Pulumi Cloud alone, never at the server or its data: previews.md",
    ]),
  ),
  ...Object.fromEntries(
    ["edition", "makesIssuer"].map((one) => [`github.pulumiCloud.${one}`, "at Pulumi Cloud, and which token the workflow files ask of it: github.md"]),
  ),
};
