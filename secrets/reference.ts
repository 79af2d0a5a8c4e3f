/** The catalogue as people read it: `npm run docs` writes it, a test says that it is fresh. */
import { AUTOMATION, FEATURES, GONE, ROTATIONS, SECRETS, type Need, type Rotation, type Secret, type SecretName } from "./catalogue.ts";
import { elsewhere, MAXIMAL_AGE, OVERLAP, renewedBy } from "./rotation.ts";
import { planRoleVariable, VARIABLES, type Variable } from "./variables.ts";

const NEEDS: Record<Exclude<Need, object>, string> = {
  always: "always",
  compose: "where the Compose file uses it",
  setting: "with what it belongs to",
};
const SCOPES = {
  none: "no",
  environment: "each environment",
  infrastructure: "each `ENVIRONMENT-infrastructure`",
  review: "`ENVIRONMENT-review`",
  repository: `\`${AUTOMATION}\``,
} as const;
const CONSUMERS = { host: "the server", stack: "the program", workflow: "workflows" } as const;
const VARIABLE_SCOPES = { ...SCOPES, environment: "each environment and its `ENVIRONMENT-infrastructure`", repository: "the repository" } as const;

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const row = ([name, secret]: [string, Secret]) => [
  `\`${name}\``,
  secret.what,
  typeof secret.need === "string" ? NEEDS[secret.need] : `for ${secret.need.feature}`,
  SCOPES[secret.scope],
  secret.consumers.map((one) => CONSUMERS[one]).join(", ") || "people",
  sourceOf(name, secret),
  secret.rotation,
  secret.owner,
];

function sourceOf(name: string, { source, issuer, key, consumers, made }: Secret): string {
  if (consumers.length === 0) return "made and kept by people";
  if (made || (source === "generated" && key === undefined && !/^[A-Z]/.test(name))) return "made by the stack";
  const from = source === "issued" ? `from ${issuer}` : source === "chosen" ? "chosen" : /^[A-Z]/.test(name) ? "any random value" : "a key of your own";
  return `${from}: \`recoloca:${key ?? `secrets.${name}`}\``;
}

export function secretsReference(): string {
  const names = Object.keys(SECRETS) as SecretName[];
  const made = names.filter((name) => renewedBy(name) === "stack").map((name) => `\`${name}\``);
  const stays = (Object.entries(SECRETS) as [string, Secret][]).map(row);
  const variables = (Object.entries(VARIABLES) as [string, Variable][]).map(([name, { what, scope }]) => [`\`${name}\``, what, VARIABLE_SCOPES[scope]]);
  const planRole = [`\`${planRoleVariable("staging")}\` and the like`, "Role that a pull request's preview takes, read-only", VARIABLE_SCOPES.repository];
  return `<!-- generated from secrets/ by "npm run docs"; edit that folder -->

# Secrets

Every secret that there is, and who answers for it. One is set once, encrypted, in the stack's own file:
\`pulumi config set --path --secret recoloca:secrets.NAME\` asks for the value. From there the stack takes it to whoever needs it; nothing is
typed into GitHub. Secrets of workflows are in GitHub's environments, never in the repository itself, where each branch's workflow could read them: those of
no single environment are in \`${AUTOMATION}\`, which only the default branch may use, and a release's tag where tags release, and those of infrastructure runs in an environment beside the one that
is deployed to, which a deploy cannot read.

A secret of your application that is not in this table is allowed as long as the Compose file uses it.

${table(["name", "what it is", "needed", "at GitHub", "used by", "comes from", "renewed", "owner"], stays)}

## What is off without its secret

${table(
  ["feature", "what it is"],
  Object.entries(FEATURES).map(([name, what]) => [name, what]),
)}

## How one is renewed

${table(
  ["class", "how", "too old after", "the one before is accepted for"],
  (Object.entries(ROTATIONS) as [Rotation, string][]).map(([name, how]) => [
    name,
    how,
    `${MAXIMAL_AGE[name]} days`,
    OVERLAP[name] === undefined ? "as long as its release" : `${OVERLAP[name]} days`,
  ]),
)}

\`make secrets\` says how old each of a stack's is, and [docs/rotation.md](rotation.md) how they are renewed: ${made.join(", ")} by the stack itself, \`sshPrivateKey\` by
\`make rotate\` and the others by a person, who is reminded. These have no generations:

${table(
  ["name", "how"],
  names.flatMap((name) => {
    const how = elsewhere(name);
    return how === undefined ? [] : [[`\`${name}\``, how]];
  }),
)}

## What is no secret any more

${table(
  ["name", "why"],
  Object.entries(GONE).map(([name, why]) => [`\`${name}\``, why]),
)}

## Variables of the workflows

Anyone who may read the repository may read these. The stacks write them.

${table(["name", "what it is", "at GitHub"], [...variables, planRole])}
`;
}
