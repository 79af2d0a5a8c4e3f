/** The rules of the default branch and of release tags at GitHub, rule by rule. Of others that somebody made beside nothing is said. */
import * as z from "zod";
import { branchRuleset, tagRuleset, type Rules } from "../../components/repository-rules/rules.ts";
import type { Ask } from "../rest.ts";
import { differences, missing, read, snake, UP, type Told } from "./told.ts";

const READS = "Metadata: read";
/** GitHub shows who may pass a rule to whoever may change it. */
const BYPASS = "Administration: write";

const listForm = z.array(z.object({ id: z.number(), name: z.string(), target: z.string().optional(), source_type: z.string().optional() }));
const rulesetForm = z.object({
  enforcement: z.string(),
  conditions: z.object({ ref_name: z.object({ include: z.array(z.string()).default([]), exclude: z.array(z.string()).default([]) }).optional() }).nullish(),
  bypass_actors: z.array(z.object({ actor_id: z.number().nullish(), actor_type: z.string(), bypass_mode: z.string() })).optional(),
  rules: z.array(z.object({ type: z.string(), parameters: z.record(z.string(), z.unknown()).optional() })).default([]),
});
type Found = z.output<typeof rulesetForm>;
type Wanted = ReturnType<typeof branchRuleset> | ReturnType<typeof tagRuleset>;

export async function rulesetsTold(rules: Rules, root: string, ask: Ask): Promise<Told[]> {
  if (!rules.rulesets) return [];
  const list = await read(ask, `${root}/rulesets`, listForm, ["rulesets", READS]);
  if (!list.value) return list.told;
  const { value } = list;
  const told = [branchRuleset(rules), tagRuleset(rules)].map(async (wanted): Promise<Told[]> => {
    const there = value.find(({ name, target, source_type: of }) => name === wanted.name && target === wanted.target && of !== "Organization");
    if (!there) return [{ what: `the ruleset "${wanted.name}" is missing, should be there`, fix: UP }];
    const found = await read(ask, `${root}/rulesets/${there.id}`, rulesetForm, [`the ruleset "${wanted.name}"`, READS]);
    return found.value ? compared(wanted, found.value) : found.told;
  });
  return (await Promise.all(told)).flat();
}

function compared(wanted: Wanted, found: Found): Told[] {
  const label = `the ruleset "${wanted.name}"`;
  const { includes, excludes } = wanted.conditions.refName;
  const { include, exclude } = found.conditions?.ref_name ?? { include: [], exclude: [] };
  return [
    ...differences(label, { enforcement: wanted.enforcement }, found, READS),
    ...differences(label, { include: includes, exclude: excludes }, { include, exclude }, READS),
    ...bypassing(label, wanted, found.bypass_actors),
    ...ruled(label, wanted.rules, found.rules),
  ];
}

const KINDS: Readonly<Record<string, string>> = {
  Integration: "app",
  Team: "team",
  RepositoryRole: "role",
  OrganizationAdmin: "organization's owners",
  DeployKey: "deploy key",
  User: "user",
};

function bypassing(label: string, { bypassActors }: Wanted, found: Found["bypass_actors"]): Told[] {
  if (!found) return [{ unread: `${label}: who may pass it`, right: BYPASS }];
  const say = (id: number | null | undefined, type: string, mode: string) =>
    `${KINDS[type] ?? type}${id === null || id === undefined || type === "OrganizationAdmin" ? "" : ` ${id}`}${mode === "always" ? "" : ` (${mode})`}`;
  const should = bypassActors.map(({ actorId, actorType, bypassMode }) => say(actorId, actorType, bypassMode));
  const there = found.map(({ actor_id: id, actor_type: type, bypass_mode: mode }) => say(id, type, mode));
  return [
    ...missing(should, there).map((one) => ({ what: `${label}: ${one} may not pass it, should`, fix: UP })),
    ...missing(there, should).map((one) => ({ what: `${label}: ${one} may pass it, should not`, fix: UP })),
  ];
}

/** The provider has a switch or a block for each rule, GitHub a list. */
function ruled(label: string, wanted: Wanted["rules"], found: Found["rules"]): Told[] {
  const should = Object.entries(wanted as Readonly<Record<string, unknown>>).filter(([, value]) => value !== false);
  const there = found.map(({ type }) => type);
  return [
    ...missing(
      should.map(([name]) => snake(name)),
      there,
    ).map((type) => ({ what: `${label}: rule ${type} is missing, should be there`, fix: UP })),
    ...missing(
      there,
      should.map(([name]) => snake(name)),
    ).map((type) => ({ what: `${label}: rule ${type} is there, should not be`, fix: UP })),
    ...should.flatMap(([name, value]): Told[] => {
      const parameters = found.find(({ type }) => type === snake(name))?.parameters;
      if (typeof value !== "object" || value === null || !parameters) return [];
      const { requiredChecks, ...plain } = value as Readonly<Record<string, string>> & { requiredChecks?: readonly Check[] };
      return [...differences(label, plain, parameters, READS), ...(requiredChecks ? checked(label, requiredChecks, parameters) : [])];
    }),
  ];
}

interface Check {
  readonly context: string;
  readonly integrationId: number;
}
const checksForm = z.object({ required_status_checks: z.array(z.object({ context: z.string(), integration_id: z.number().nullish() })).default([]) });

/** A check by another app is another one: anybody who may write statuses could set it. */
function checked(label: string, wanted: readonly Check[], parameters: unknown): Told[] {
  const say = (context: string, app: number | null | undefined) => `"${context}" by ${app ? `app ${app}` : "anybody"}`;
  const should = wanted.map(({ context, integrationId }) => say(context, integrationId));
  const there = checksForm.parse(parameters).required_status_checks.map(({ context, integration_id: app }) => say(context, app));
  return [
    ...missing(should, there).map((one) => ({ what: `${label}: check ${one} is not required, should be`, fix: UP })),
    ...missing(there, should).map((one) => ({ what: `${label}: check ${one} is required, should not be`, fix: UP })),
  ];
}
