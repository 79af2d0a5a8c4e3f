/** Whether each secret of a stack is one that somebody uses, and each that is needed is there. Names alone are looked at. Pure. */
import {
  GONE,
  environmentFor,
  infrastructureOf,
  SECRETS,
  secretOf,
  WORKFLOW_SECRETS,
  type Feature,
  type Secret,
  type WorkflowSecret,
  FEATURES,
  AUTOMATION,
} from "../secrets/catalogue.ts";
import { nearest, setCommand, type Problem } from "./problems.ts";

export interface SecretsAsked {
  /** Names that `recoloca:secrets` has. */
  readonly given: readonly string[];
  /** Text of the Compose file. */
  readonly compose: string;
  /** Names that other keys refer to. */
  readonly referred: readonly string[];
  /** Undefined: the stack has no GitHub side. `unread`: it has one that cannot be read. */
  readonly github?: { readonly ownsRepository: boolean } | "unread" | undefined;
  /** Whether end-to-end tests run against this environment. */
  readonly tested: boolean;
}

const removal = (name: string) => `pulumi config rm --path recoloca:secrets.${name}`;

/** `openssl rand` where any random value will do. */
export function secretCommand(name: string): string {
  const set = setCommand(`secrets.${name}`, "", true);
  return secretOf(name)?.source === "generated" ? `openssl rand -hex 32 | ${set}` : set;
}

/** Whether a service gets all variables by `env_file`, whatever they are called. */
const takesAll = (compose: string) => /^\s*env_file\s*:/m.test(compose);
const names = (compose: string, name: string) => new RegExp(`\\b${name}\\b`).test(compose);

export function checkSecrets({ given, compose, referred, github, tested }: SecretsAsked): Problem[] {
  const used = (name: string) => takesAll(compose) || names(compose, name) || referred.includes(name);
  return [...given.flatMap((name) => unused(name, used(name), { github, tested })), ...halves(given, tested)];
}

function unused(name: string, byHost: boolean, { github, tested }: Pick<SecretsAsked, "github" | "tested">): Problem[] {
  const say = (says: string, fix = removal(name)): Problem[] => [{ key: `secrets.${name}`, says, fix }];
  if (byHost) return [];
  const known = secretOf(name);
  if (known?.made) return say("is made by the stack, and set by nobody");
  if (known?.consumers.includes("workflow")) {
    if (ofTests(known) && !tested)
      return say(
        "got a value in production, against which no end-to-end test runs: nothing would read it; wants it in the stack that they run against, as staging",
      );
    if (github === "unread") return [];
    if (!github)
      return say(
        "is for workflows, and the stack has no GitHub side",
        `${removal(name)}\nor: in the stack's file: recoloca:github: {visibility: private, plan: team}`,
      );
    return known.scope === "repository" && !github.ownsRepository
      ? say(`belongs to the stack that owns the repository, which writes it to the environment "${AUTOMATION}"`)
      : [];
  }
  if (name in GONE) return say(`is no secret any more: ${GONE[name as keyof typeof GONE]}`);
  if (known?.key !== undefined) return say(`is a key of its own: recoloca:${known.key}`);
  const best = nearest(name, Object.keys(SECRETS));
  return say(`is used by nothing: neither by the Compose file nor by a workflow${best === undefined || best === name ? "" : `; did you mean "${best}"?`}`);
}

const featureOf = ({ need }: Secret): Feature | undefined => (typeof need === "object" ? need.feature : undefined);
/** What end-to-end tests log in with. */
const ofTests = (secret: Secret) => featureOf(secret) === "e2e-login";
const secretsOf = (feature: Feature) => WORKFLOW_SECRETS.filter((name) => featureOf(SECRETS[name]) === feature);

/** A feature with one of its secrets and without another. */
const halves = (given: readonly string[], tested: boolean): Problem[] =>
  (Object.keys(FEATURES) as Feature[]).flatMap((feature) => {
    const all = secretsOf(feature).filter((name) => tested || !ofTests(SECRETS[name]));
    const there = all.filter((name) => given.includes(name));
    return there.length === 0
      ? []
      : all
          .filter((name) => !given.includes(name))
          .map((name) => ({ key: `secrets.${name}`, says: `is missing: ${there.join(" and ")} is set, they go together`, fix: secretCommand(name) }));
  });

/** A secret of workflows in a GitHub environment. */
export interface Placed {
  readonly name: WorkflowSecret;
  readonly environment: string;
}

/** `tested`: end-to-end tests run against it. */
export function placesOf(given: readonly string[], environment: string, tested: boolean): Placed[] {
  const read = (name: WorkflowSecret) => given.includes(name) && (tested || !ofTests(SECRETS[name]));
  return WORKFLOW_SECRETS.filter(read).flatMap((name) => {
    const { scope } = SECRETS[name];
    const { everyRun }: Secret = SECRETS[name];
    return [{ name, environment: environmentFor(scope, environment) }, ...(everyRun ? [{ name, environment: infrastructureOf(environment) }] : [])];
  });
}

/** What is off because its secrets are not set, with the command that switches it on. `tested`: end-to-end tests run against this environment. */
export function featuresOff(given: readonly string[], { ownsRepository, tested }: { readonly ownsRepository: boolean; readonly tested: boolean }): string[] {
  return (Object.keys(FEATURES) as Feature[]).flatMap((feature) => {
    const missing = secretsOf(feature).filter((name) => !given.includes(name));
    const elsewhere = missing.every((name) => SECRETS[name].scope === "repository") && !ownsRepository;
    if (missing.length === 0 || elsewhere || (feature === "e2e-login" && !tested)) return [];
    return [`off: ${FEATURES[feature]}. On with: ${missing.map(secretCommand).join(" && ")}`];
  });
}
