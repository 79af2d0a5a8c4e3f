/** What `pulumi preview --json` says, as a reviewer's block wants it: what changes and by which properties. No value of any property is taken over. */
import { stripVTControlCharacters } from "node:util";
import * as z from "zod";

const stepForm = z.object({
  op: z.string(),
  urn: z.string(),
  diffReasons: z.array(z.string()).nullish(),
  replaceReasons: z.array(z.string()).nullish(),
  detailedDiff: z.record(z.string(), z.unknown()).nullish(),
});
const previewForm = z.object({
  steps: z.array(stepForm).nullish(),
  diagnostics: z.array(z.object({ urn: z.string().nullish(), message: z.string(), severity: z.string() })).nullish(),
  changeSummary: z.record(z.string(), z.number()).nullish(),
});

export type Does = "created" | "updated" | "replaced" | "deleted" | "imported";

export interface Change {
  readonly does: Does;
  /** `aws:ec2/instance:Instance`. */
  readonly type: string;
  /** Of the component that it belongs to: `recoloca:index:Host`; empty where there is none. */
  readonly component: string;
  readonly name: string;
  /** Names of the properties that differ, sorted. */
  readonly properties: readonly string[];
}

export interface Preview {
  readonly changes: readonly Change[];
  /** Resources that stay as they are. */
  readonly stay: number;
  /** Lines that the deployment itself says of its release; none where nothing is deployed. */
  readonly release: readonly string[];
  readonly warnings: readonly string[];
  /** Where the preview failed. */
  readonly errors: readonly string[];
}

/** Pulumi's operations; `same`, `read` and `refresh` change nothing, and halves of a replacement are told by the whole. */
const DOES: Readonly<Record<string, Does>> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
  import: "imported",
  "import-replacement": "imported",
};
const DEPLOYMENT = "recoloca:index:ComposeDeployment";
const COMMAND = "command:remote:Command";
/** What the engine says of each output that a stack happens not to have. */
const NOTHING_TO_SAY = /^Undefined value \(\w+\) will not show as a stack output\.$/;

function named(urn: string): Pick<Change, "type" | "component" | "name"> {
  const [, , types = "", ...name] = urn.split("::");
  const all = types.split("$");
  return { type: all.at(-1)!, component: all.find((one) => one.startsWith("recoloca:")) ?? "", name: name.join("::") };
}

/** `tags.owner` and `tags["a.b"]` are both of `tags`. */
const top = (path: string) => path.split(/[.[]/)[0]!;

function changeOf({ op, urn, detailedDiff, diffReasons, replaceReasons }: z.output<typeof stepForm>): Change[] {
  const does = DOES[op];
  const { type, ...rest } = named(urn);
  // A component is no more than its parts, and a provider that is made or goes is none that anybody meets.
  const inner = type === "pulumi:pulumi:Stack" || type.startsWith("recoloca:") || type === "pulumi:index:Stash";
  if (!does || inner || (type.startsWith("pulumi:providers:") && (does === "created" || does === "deleted"))) return [];
  const detailed = Object.keys(detailedDiff ?? {});
  const all = detailed.length > 0 ? detailed : [...(diffReasons ?? []), ...(replaceReasons ?? [])];
  return [{ does, type, ...rest, properties: [...new Set(all.map(top))].sort() }];
}

/** The shortest indentation is taken off every line. */
function lines(message: string): string[] {
  const all = message.split("\n").filter((line) => line.trim() !== "");
  const indent = Math.min(...all.map((line) => line.length - line.trimStart().length));
  return all.map((line) => line.slice(indent).trimEnd());
}

const said = (message: string) =>
  stripVTControlCharacters(message)
    .replace(/^(warning|error): /, "")
    .trim();

const order = ({ type, name }: Change) => `${type} ${name}`;

/** Throws where the text is no preview. */
export function readPreview(text: string): Preview {
  const { steps, diagnostics, changeSummary } = previewForm.parse(JSON.parse(text));
  const of = (severity: string) => (diagnostics ?? []).filter((one) => one.severity === severity);
  const release = of("info").flatMap(({ urn, message }) => (urn && named(urn).type === DEPLOYMENT ? lines(message) : []));
  const told = ({ does, type, component }: Change) => component === DEPLOYMENT && type === COMMAND && does !== "deleted" && does !== "replaced";
  return {
    // What the release's own lines say is not said again as a command that changes.
    changes: (steps ?? [])
      .flatMap(changeOf)
      .filter((one) => release.length === 0 || !told(one))
      // The engine's order is that of the moment, and a comment is not to change for it.
      .sort((one, other) => order(one).localeCompare(order(other), "en")),
    stay: changeSummary?.["same"] ?? 0,
    release,
    warnings: [...new Set(of("warning").map(({ message }) => said(message)))].filter((one) => !NOTHING_TO_SAY.test(one)),
    errors: of("error").map(({ message }) => said(message)),
  };
}
