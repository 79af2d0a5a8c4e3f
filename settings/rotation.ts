/** Which generation of each secret a stack wants, and what its release gets by that: values, logins, names. Pure; no value is looked at. */
import * as z from "zod";
import type { Backup } from "../release/backup.ts";
import { previousOf, type Generations, type Login } from "../release/logins.ts";
import { reaches, takersOf, type Takers } from "../release/takers.ts";
import { SECRETS, secretOf, type SecretName } from "../secrets/catalogue.ts";
import { addDays, elsewhere, isDay, isSecretName, overlapOf, renewedBy } from "../secrets/rotation.ts";
import { databaseOf, databasesOf, DATABASE, loginNames, readServices, usesOf, type Keeper } from "./database-login.ts";
import { meant, type Problem } from "./problems.ts";

/** A day without quotes is a time to Pulumi's YAML, and comes as `2026-11-25 00:00:00 +0000 UTC`. */
const day = z
  .string()
  .transform((text) => text.replace(/[ T]00:00:00( \+0000 UTC|Z)$/, ""))
  .refine(isDay, "wants a day: 2026-11-25");

export const rotationForm = z.record(
  z.string(),
  z.strictObject({ generation: z.coerce.number().int().min(1, "wants 1 or more: how many values it has had").default(1), since: day, until: day.optional() }),
);
export type RotationWish = z.output<typeof rotationForm>;

/** A variable of the release, and which generation of which secret it holds. Generation 1 is what the configuration has. */
export interface MadeValue {
  readonly variable: string;
  readonly secret: SecretName;
  readonly generation: number;
}

export interface Rotated {
  readonly generations: Generations;
  readonly made: readonly MadeValue[];
  readonly logins: readonly Login[];
  /** Variables that nobody has to hide: names of logins. */
  readonly variables: Readonly<Record<string, string>>;
}

interface Asked {
  readonly application: string;
  readonly rotation: RotationWish;
  /** Text of the Compose file. */
  readonly compose: string;
  /** Names that `recoloca:secrets` has. */
  readonly given: readonly string[];
  /** Names that `recoloca:variables` has. */
  readonly plain: readonly string[];
  readonly backup?: Backup | undefined;
}

/** A Compose file with what each of its services takes. */
function takersIn(compose: string, document = readServices(compose)): Takers {
  const definitions = Object.entries(usesOf(document)).map(([service, names]) => [service, { variables: Object.fromEntries(names.map((name) => [name, ""])) }]);
  return { compose, definitions: Object.fromEntries(definitions) as Takers["definitions"] };
}

export function rotatedOf({ application, rotation, compose, given, plain }: Asked): Rotated {
  const made: MadeValue[] = [];
  const logins: Login[] = [];
  const variables: Record<string, string> = {};
  const document = readServices(compose);
  const file = takersIn(compose, document);
  for (const [name, { generation, until }] of Object.entries(rotation)) {
    if (!isSecretName(name) || renewedBy(name) !== "stack" || generation < 2 || name in DATABASE) continue;
    made.push({ variable: name, secret: name, generation });
    if (until !== undefined) made.push({ variable: previousOf(name), secret: name, generation: generation - 1 });
  }
  for (const [first, { user, password }] of Object.entries(DATABASE) as [Keeper, (typeof DATABASE)[Keeper]][]) {
    const { generation = 1 } = rotation[first] ?? {};
    const keeper = databaseOf(document, first);
    // A file that tells the application's password from the service's first one: until it is rotated both are the same.
    const known = given.includes(first) || (keeper?.uses.includes(first) === true && !plain.includes(first));
    // What nobody asks for by name makes another release of one that was never rotated; what somebody has set is theirs until then.
    const wanted =
      generation < 2 ? takersOf(file, password).length > 0 && ![...given, ...plain].includes(password) : keeper !== undefined && reaches(file, password);
    if (known && wanted) made.push({ variable: password, secret: first, generation });
    if (generation < 2 || keeper === undefined) continue;
    const names = loginNames(application);
    variables[user] = names[generation % 2]!;
    logins.push({ kind: keeper.kind, service: keeper.service, user, password, closes: [names[(generation + 1) % 2]!], first });
  }
  const generations = Object.fromEntries(Object.entries(rotation).map(([name, { generation, since }]) => [name, { generation, since }]));
  return { generations, made, logins, variables };
}

/** Names that a release has without `recoloca:secrets` or `recoloca:variables` having them. */
export function providedBy(asked: Asked): string[] {
  const { made, variables } = rotatedOf(asked);
  return [...made.map(({ variable }) => variable), ...Object.keys(variables)];
}

export function checkRotation(asked: Asked): Problem[] {
  return [...Object.entries(asked.rotation).flatMap(([name, wish]) => checkOne(name, wish, asked)), ...doubled(asked)];
}

function checkOne(name: string, wish: RotationWish[string], asked: Asked): Problem[] {
  const at = (says: string, fix?: string, key = `rotation.${name}`): Problem => ({ key, says, ...(fix !== undefined && { fix }) });
  const removal = `pulumi config rm --path recoloca:rotation.${name}`;
  if (!isSecretName(name)) return [at(`is not known; ${meant(name, Object.keys(SECRETS))}`, removal)];
  const { rotation, consumers } = secretOf(name)!;
  const how = elsewhere(name);
  if (how !== undefined && wish.generation > 1) return [at(`has no generations; it is renewed otherwise: ${how}`, removal)];
  const problems: Problem[] = [];
  if (wish.until !== undefined && overlapOf(name) === undefined) {
    const why = consumers.includes("host")
      ? `is of the class ${rotation}, where the value before goes with the release that used it`
      : "is a workflow's alone: nothing of the release could accept the value before";
    problems.push(at(why, `${removal}.until`, `rotation.${name}.until`));
  }
  if (wish.until !== undefined && wish.generation === 1)
    problems.push(at("has no value before generation 1 to accept", `${removal}.until`, `rotation.${name}.until`));
  if (wish.until !== undefined && wish.until > addDays(wish.since, 365))
    problems.push(at(`got ${wish.until}, wants a day within a year after ${wish.since}`, `${removal}.until`, `rotation.${name}.until`));
  if (wish.until !== undefined && overlapOf(name) !== undefined && !reaches(takersIn(asked.compose), previousOf(name)))
    problems.push(
      at(
        `${previousOf(name)} reaches no service: what the value before had signed would be refused at once`,
        `in the Compose file: ${previousOf(name)}: \${${previousOf(name)}:-}\nor, where nothing is signed with it: ${removal}.until`,
      ),
    );
  return renewedBy(name) === "stack" && wish.generation > 1 ? [...problems, ...checkLogin(name, asked)] : problems;
}

/** What a login in turn needs of the Compose file. */
function checkLogin(first: SecretName, asked: Asked): Problem[] {
  if (!(first in DATABASE)) return [];
  const { user, password, what } = DATABASE[first as Keeper];
  const key = `rotation.${first}`;
  const document = readServices(asked.compose);
  const file = takersIn(asked.compose, document);
  const [found, ...more] = databasesOf(document, first);
  const takers = takersOf(file, first);
  if (found === undefined || more.length > 0) {
    // The number of one that is gone stays: it says what was, and a later one than is live is never taken back.
    if (takers.length === 0 && found === undefined) return [];
    const named = [found, ...more].flatMap((one) => (one ? [`"${one.service}"`] : [])).join(", ");
    return [
      {
        key,
        says: `belongs to ${named === "" ? "no service" : `several services: ${named}`}; one service of the Compose file wants ${what}`,
        fix: `in the Compose file: ${first} at the one that is renewed by it, and another variable at ${named === "" ? takers.map((one) => `"${one}"`).join(", ") : "all others"}`,
      },
    ];
  }
  const problems: Problem[] = [];
  for (const variable of [user, password])
    if (!reaches(file, variable))
      problems.push({
        key,
        says: `wants a Compose file that takes ${variable} for those who log in: the login changes with each generation`,
        fix:
          variable === user
            ? `in the Compose file, where the user is named: \${${user}:-${found.owner}}`
            : `in the Compose file, in place of ${first}: ${password}`,
      });
  const { service: backedUp, volumes: _volumes, ...commands } = asked.backup ?? {};
  const own = JSON.stringify(commands);
  if (backedUp === found.service && own.includes(first) && !own.includes("LOGIN_PASSWORD"))
    problems.push({
      key,
      says: `a command of recoloca:backup logs in by ${first}, which opens nothing once a later generation is live`,
      fix: `in recoloca:backup: \${LOGIN_USER:-${found.owner}} and \${LOGIN_PASSWORD:-$${first}}, which each command gets`,
    });
  const left = takers.filter((service) => service !== found.service);
  if (left.length > 0)
    problems.push({
      key,
      says: `${left.map((service) => `"${service}"`).join(", ")} still ${left.length === 1 ? "takes" : "take"} ${first}, which opens nothing once a later generation is live`,
      fix: `in the Compose file, there: \${${user}:-${found.owner}} for the user, and in place of ${first}: ${password}`,
    });
  if (document.services?.[found.service]?.env_file !== undefined)
    problems.push({
      key,
      says: `"${found.service}" has an environment file, in which each rotation changes something: it would be recreated`,
      fix: `in the Compose file, at "${found.service}": by environment or secrets what it needs, and no env_file`,
    });
  if (found.uses.includes(password))
    problems.push({
      key,
      says: `"${found.service}" itself takes ${password}, and would be recreated by each rotation`,
      fix: `in the Compose file, at "${found.service}": ${first}`,
    });
  return problems;
}

/** What the stack makes and somebody has set as well: it would stay what it is while the number says otherwise, or not be used. */
function doubled(asked: Asked): Problem[] {
  const { made, variables } = rotatedOf(asked);
  const all = [...made.flatMap(({ variable, generation }) => (generation > 1 ? [variable] : [])), ...Object.keys(variables)];
  // The first value of a secret of the catalogue is set, and stays.
  const twice = {
    secrets: all.filter((name) => asked.given.includes(name) && !(name in SECRETS)),
    variables: all.filter((name) => asked.plain.includes(name)),
  };
  return Object.entries(twice).flatMap(([kind, names]) =>
    names.map((name) => ({
      key: `${kind}.${name}`,
      says: "is made by the stack; what is set here would not be used",
      fix: `pulumi config rm --path recoloca:${kind}.${name}`,
    })),
  );
}
