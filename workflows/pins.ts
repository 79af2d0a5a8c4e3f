/** The actions that workflows use, each at one commit: what `pins/action.yml` says, which Dependabot raises. */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseDocument, isMap, isScalar, isSeq } from "yaml";

const ACTIONS = [
  "actions/attest",
  "actions/checkout",
  "actions/configure-pages",
  "actions/create-github-app-token",
  "actions/dependency-review-action",
  "actions/deploy-pages",
  "actions/download-artifact",
  "actions/setup-node",
  "actions/setup-python",
  "actions/upload-artifact",
  "actions/upload-pages-artifact",
  "aquasecurity/setup-trivy",
  "aquasecurity/trivy-action",
  "aws-actions/configure-aws-credentials",
  "codecov/codecov-action",
  "docker/build-push-action",
  "docker/login-action",
  "docker/setup-buildx-action",
  "github/codeql-action/upload-sarif",
  "grafana/setup-k6-action",
  "hadolint/hadolint-action",
  "pulumi/actions",
  "pulumi/auth-actions",
  "slackapi/slack-github-action",
  "trufflesecurity/trufflehog",
] as const;
export type ActionName = (typeof ACTIONS)[number];
export const isPinned = (name: string): boolean => (ACTIONS as readonly string[]).includes(name);

/** What `pins/inputs.json` knows of an action, from the action's own file. */
export interface Known {
  /** The commit that it was read at. */
  readonly readAt: string;
  /** The release that this is. */
  readonly version: string;
  /** The pin, where its own commit could not be read from where this was written, and that of another release was. */
  readonly insteadOf?: string;
  readonly inputs: readonly string[];
  readonly required: readonly string[];
  readonly outputs: readonly string[];
  /** What it uses in turn, where it is made of others: GitHub refuses one that the repository does not allow there too, also behind a condition that is false. */
  readonly nested?: readonly string[];
}
const folder = path.join(import.meta.dirname, "pins");
export const KNOWN_FILE = path.join(folder, "inputs.json");
export const KNOWN = JSON.parse(fs.readFileSync(KNOWN_FILE, "utf8")) as Readonly<Record<string, Known>>;

/** A line for each pin that was raised since its action was read, or of which nothing is known. */
export const unread = (pins: Readonly<Record<string, Pin>> = readPins(), known: Readonly<Record<string, Known>> = KNOWN): string[] =>
  Object.entries(pins).flatMap(([name, { sha, version }]) => {
    const one = known[name];
    if (one && [one.readAt, one.insteadOf].includes(sha)) return [];
    const what = one ? `what it takes and uses was read at ${one.readAt.slice(0, 7)}` : "what it takes and uses was never read";
    return [`${name}: ${what}, and the pin is ${sha.slice(0, 7)} (${version}): npm run read-actions`];
  });

/** Whether the first of two releases came before the second: `v4.9.0`, `v5`. */
function isOlder(one: string, other: string): boolean {
  const [a, b] = [one, other].map((version) => version.slice(1).split(".").map(Number));
  const at = [0, 1, 2].find((index) => (a![index] ?? 0) !== (b![index] ?? 0));
  return at !== undefined && (a![at] ?? 0) < (b![at] ?? 0);
}

/** What is wrong with a pin beside what is known of its action: a raised one is newer, and not wrong. */
function unlike({ sha, version }: Pin, known: Known | undefined): string | undefined {
  const way = "put it back, or have it read as it is: npm run read-actions";
  if (known && isOlder(version, known.version)) return `got ${version}, which is older than ${known.version}, as which it was read; ${way}`;
  if (known?.version === version && known.readAt !== sha)
    return `got ${sha.slice(0, 7)} as ${version}, which is ${known.readAt.slice(0, 7)}: a release has one commit; ${way}`;
  return undefined;
}

export interface Pin {
  readonly sha: string;
  /** The release's tag: `v7.0.1`. */
  readonly version: string;
}

const file = path.join(folder, "action.yml");

/** Throws one error that names every pin that is missing, has no commit or no version, is of no action that workflows use, or is not what was read as that or went before it. */
export function readPins(text = fs.readFileSync(file, "utf8"), known: Readonly<Record<string, Known>> = KNOWN): Record<ActionName, Pin> {
  const steps = parseDocument(text).getIn(["runs", "steps"]);
  const found: Record<string, Pin> = {};
  const wrong: string[] = [];
  for (const step of isSeq(steps) ? steps.items : []) {
    const uses = isMap(step) ? step.get("uses", true) : undefined;
    if (!isScalar(uses)) continue;
    const [name = "", sha = ""] = String(uses.value).split("@");
    const version = uses.comment?.trim() ?? "";
    if (!/^[0-9a-f]{40}$/.test(sha)) wrong.push(`${name}: got "@${sha}", wants the commit of a release, 40 hex digits`);
    else if (!/^v\d+(\.\d+)*$/.test(version)) wrong.push(`${name}: its release is missing after it: "# v1.2.3"`);
    else if (!isPinned(name)) wrong.push(`${name}: no workflow uses it; remove it`);
    else {
      found[name] = { sha, version };
      const otherwise = unlike(found[name], known[name]);
      if (otherwise !== undefined) wrong.push(`${name}: ${otherwise}`);
    }
  }
  const missing = ACTIONS.filter((name) => !(name in found) && !wrong.some((line) => line.startsWith(`${name}:`)));
  wrong.push(...missing.map((name) => `${name}: is missing, and workflows use it`));
  if (wrong.length > 0) throw new Error(`workflows/pins/action.yml has ${wrong.length} problems\n${wrong.map((line) => `  ${line}`).join("\n")}`);
  return found;
}

/** Programs that are not actions, at one release each. Checked together once a month, by a person: no bot reads these. */
export const VERSIONS = {
  node: "24",
  python: "3.13",
  pulumi: "3.259.0",
  // Its action puts the `v` before it.
  k6: "2.3.0",
  trivy: "v0.70.0",
  trufflehog: "3.97.0",
  // Semgrep 1.178.0 and ZAP 2.17.0, as several public repositories name them; not asked of the registry from here.
  semgrep: "semgrep/semgrep@sha256:32e459968daabe7ab86968184a29109b9564aa00392401156f9788452b42786b",
  zap: "ghcr.io/zaproxy/zaproxy@sha256:8d387b1a63e3425beef4846e39719f5af2a787753af2d8b6558c6257d7a577a2",
} as const;
