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

/**
 * Modules of the Go programs in `tools/`, which this project's own tests and `make local` build. By name: to Go a `tool` is an indirect dependency,
 * which Dependabot leaves alone where it is not told, and all indirect ones would be hundreds that nobody here chose.
 */
const GO_TOOLS = [
  "github.com/letsencrypt/pebble/v2",
  "github.com/pulumi/pulumi/pkg/v3",
  "github.com/rhysd/actionlint",
  "github.com/tsenart/vegeta/v12",
  "github.com/versity/versitygw",
  "go.k6.io/k6",
];

export function dependabot({ application, programPath, programTests }: WorkflowOptions): string {
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
      // For those who change this program: who only uses it gets them with its next version.
      ...(programTests
        ? [
            {
              ...weekly("gomod", [folder(inside(programPath, "tools/*"))], "tools"),
              allow: GO_TOOLS.map((name) => ({ "dependency-name": name, "dependency-type": "all" })),
            },
          ]
        : []),
      weekly("github-actions", [folder(inside(programPath, "workflows/pins"))], "actions"),
    ],
  });
  document.commentBefore = header(
    "Pull requests with newer dependencies, one for each group, on Mondays. The actions are raised in the program's list of pins and not in the workflow files, which are made from it.",
  );
  return document.toString({ lineWidth: 0 });
}
