/**
 * What is due by the clock, from the stacks' own files alone: no login, no server, no value. The numbers are raised in the files, for a pull request whose merge
 * is the rotation; what only a person can renew becomes one reminder for each secret. `node operate/propose-rotation.ts staging production`
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { isMap, parseDocument, visit, type Document } from "yaml";
import { previousOf } from "../release/logins.ts";
import { SECRETS, type SecretName } from "../secrets/catalogue.ts";
import { dayOf, due, dueOn, elsewhere, renewedBy, type Day } from "../secrets/rotation.ts";
import { heldSecrets } from "../settings/held-secrets.ts";
import { checkRotation, rotationForm } from "../settings/rotation.ts";
import { checkout } from "../tools/cache.ts";
import { choose, whyNotHere, type Choice } from "./rotation-choice.ts";
import { standsBeside } from "./rotation-writes.ts";

export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly body: string;
}

export interface Proposal {
  /** The file with its numbers raised; undefined where nothing is. */
  readonly text: string | undefined;
  readonly findings: readonly Finding[];
  /** Markdown. */
  readonly summary: string;
}

const NAMESPACE = "recoloca:";

/** Keys of a mapping in the file, also of one whose values are encrypted. */
function keysAt(document: Document, at: readonly string[]): string[] {
  const found = document.getIn(at);
  return isMap(found) ? found.items.map(({ key }) => String(key)) : [];
}

/** `text`: of `Pulumi.STACK.yaml`; `compose`: of its Compose file, where that is there. Throws where its rotation cannot be read. */
export function propose(stack: string, text: string, today: Day, compose?: string): Proposal {
  const document = parseDocument(text);
  const given = keysAt(document, ["config"]).flatMap((key) => (key.startsWith(NAMESPACE) ? [key.slice(NAMESPACE.length)] : []));
  const secrets = Object.fromEntries(keysAt(document, ["config", `${NAMESPACE}secrets`]).map((name) => [name, ""]));
  const rotation = rotationForm.parse((document.toJS() as { config?: Record<string, unknown> }).config?.[`${NAMESPACE}rotation`] ?? {});
  const held = heldSecrets({ secrets, rotation }, given);
  // Without a word of the server's what is in the file counts as live: whoever merges an older one is told by the stack.
  const live = Object.fromEntries(held.map(({ name, generation }) => [name, generation]));
  const chosen = choose({ secret: undefined, all: true, revoke: false }, { held, live, today });
  const { remind } = chosen;
  // What the stack would refuse holds up no other: the merge would bring none of them.
  const variables = keysAt(document, ["config", `${NAMESPACE}variables`]);
  const against = ({ name, wish }: Choice["steps"][number]): string[] =>
    compose === undefined
      ? []
      : checkRotation({ application: stack, rotation: { ...rotation, [name]: wish }, compose, given: Object.keys(secrets), plain: variables })
          .filter(({ key }) => key.startsWith(`rotation.${name}`))
          .map(({ says }) => says);
  const looked = chosen.steps.map((step) => ({ step, says: against(step) }));
  const steps = looked.filter(({ says }) => says.length === 0).map(({ step }) => step);
  const left = looked.filter(({ says }) => says.length > 0).map(({ step, says }) => ({ name: step.name, says: says.join("; ") }));
  const problems = [...chosen.problems, ...left];
  for (const { name, wish } of steps) {
    const at = ["config", `${NAMESPACE}rotation`, name];
    document.setIn(at, numbersOf(document, wish));
    // What a person gave stands in the file itself: without its day it would be accepted for ever.
    if (wish.until === undefined && standsBeside(name)) document.deleteIn(["config", `${NAMESPACE}secrets`, previousOf(name)]);
  }
  const findings = remind.map((name) => reminder(stack, name, held.find((one) => one.name === name)?.since));
  return {
    text: steps.length === 0 ? undefined : document.toString({ lineWidth: 0, flowCollectionPadding: true }),
    findings,
    summary: summaryOf(stack, steps, due(today, held).remind, problems),
  };
}

/** Days in quotes: without them Pulumi takes them for times. */
function numbersOf(document: Document, wish: Choice["steps"][number]["wish"]): unknown {
  const node = document.createNode({ generation: wish.generation, since: wish.since, ...(wish.until !== undefined && { until: wish.until }) }, { flow: true });
  visit(node, { Scalar: (key, one) => void (key === "value" && typeof one.value === "string" && (one.type = "QUOTE_DOUBLE")) });
  return node;
}

function reminder(stack: string, name: SecretName, since: Day | undefined): Finding {
  const how = elsewhere(name);
  const day = dueOn({ name, since });
  return {
    id: `rotation-${stack}-${name}`,
    title: `${name} of ${stack} is to be renewed by a person`,
    body: `${since === undefined ? "Nobody wrote down since when it is there." : `It is there since ${since} and was due on ${day}.`} Who sees to it: ${SECRETS[name].owner}.\n\n${
      how === undefined
        ? `\`make rotate STACK=${stack} SECRET=${name}\` ${renewedBy(name) === "server" ? "makes a new one and proves it at the server before the one before goes" : "asks for the new value, hidden"}.`
        : `${how}. Then: \`pulumi config set --stack ${stack} --path recoloca:rotation.${name}.since DAY\``
    }\n\nIt is closed by itself once the stack's file has a newer day.`,
  };
}

function summaryOf(stack: string, steps: Choice["steps"], remind: readonly SecretName[], problems: Choice["problems"]): string {
  const rows = steps.map(
    ({ name, how, wish }) =>
      `| ${name} | ${how === "end" ? "the one before is accepted no longer" : `generation ${wish.generation}${wish.until === undefined ? "" : `, the one before until ${wish.until}`}`} |`,
  );
  return [
    `### Secrets of ${stack}`,
    rows.length === 0 ? "Nothing that the stack renews by itself is due." : ["| secret | proposed |", "| --- | --- |", ...rows].join("\n"),
    ...(remind.length > 0 ? [remind.map((name) => `- ${name} is due, and ${whyNotHere(name)}`).join("\n")] : []),
    ...problems.map(({ name, says }) => `${name} is left out: ${says.replaceAll("\n", " ")}`),
  ].join("\n\n");
}

/** Of the file that the stack names, or of the sample's. */
function composeOf(text: string): string | undefined {
  const { config } = parseDocument(text).toJS() as { config?: Record<string, unknown> };
  const named = config?.[`${NAMESPACE}composeFile`];
  const file = path.join(checkout, typeof named === "string" ? named : "application/compose.yaml");
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
}

/** Gives the exit code: 1 where a stack's file cannot be read, which holds up no other's. */
function main(stacks: readonly string[]): number {
  const findings: Finding[] = [];
  let code = 0;
  for (const stack of stacks) {
    const file = path.join(checkout, `Pulumi.${stack}.yaml`);
    try {
      const text = fs.readFileSync(file, "utf8");
      const proposal = propose(stack, text, dayOf(new Date()), composeOf(text));
      if (proposal.text !== undefined) fs.writeFileSync(file, proposal.text);
      findings.push(...proposal.findings);
      process.stdout.write(`${proposal.summary}\n\n`);
    } catch (error) {
      code = 1;
      const says = `${path.basename(file)} says nothing of its secrets: ${(error as Error).message}`;
      process.stdout.write(`### Secrets of ${stack}\n\n${says}\n\n`);
      process.stderr.write(`error: ${says}\n`);
    }
  }
  fs.writeFileSync(path.join(process.env["GITHUB_WORKSPACE"] ?? checkout, "findings.json"), JSON.stringify(findings));
  return code;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
