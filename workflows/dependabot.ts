/** `.github/dependabot.yml`: what is raised, by pull requests, once a week and not on the day that it appears. */
import { Document, Scalar } from "yaml";
import type { WorkflowOptions } from "./options.ts";
import { inside } from "./steps.ts";
import { header } from "./yaml.ts";

/** Days that a release is left alone: most that are malicious are found and withdrawn within them. A security update does not wait. */
const AGE = 7;

/** In quotes: GitHub reads YAML of the older kind, to which 05:40 without them is a number of minutes. */
const quoted = (text: string): Scalar => Object.assign(new Scalar(text), { type: Scalar.QUOTE_DOUBLE });

export const DEPENDABOT_FILE = ".github/dependabot.yml";

export function dependabot({ application, programPath }: WorkflowOptions): string {
  const { backend, frontend, e2e } = application;
  const folder = (name: string) => (name === "." ? "/" : `/${name}`);
  const weekly = (ecosystem: string, directories: readonly string[], group: string) => ({
    "package-ecosystem": ecosystem,
    directories: [...directories],
    schedule: { interval: "weekly", day: "monday", time: quoted("05:40"), timezone: "Etc/UTC" },
    groups: { [group]: { patterns: ["*"] } },
    cooldown: { "default-days": AGE },
    "open-pull-requests-limit": 5,
  });
  const document = new Document({
    version: 2,
    updates: [
      weekly("npm", [folder(frontend.folder), folder(e2e)], "frontend"),
      weekly("pip", [folder(backend.folder)], "backend"),
      weekly("docker", [folder(backend.folder), folder(frontend.folder)], "docker"),
      weekly("docker-compose", [folder(application.composeFile.split("/").slice(0, -1).join("/") || ".")], "compose"),
      weekly("npm", [folder(programPath)], "infrastructure"),
      weekly("github-actions", [folder(inside(programPath, "workflows/pins"))], "actions"),
    ],
  });
  document.commentBefore = header(
    "Pull requests with newer dependencies, one for each group, on Mondays. The actions are raised in the program's list of pins and not in the workflow files, which are made from it.",
  );
  return document.toString({ lineWidth: 0 });
}
