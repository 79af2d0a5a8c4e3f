/** The step that lets a release's logins in before it starts, and what closes the ones before once it is live. Each part may be done twice. */
import type { Generations, Login } from "../release/logins.ts";
import type { Plan } from "../release/plan.ts";
import type { Rotation } from "../release/record.ts";
import { baseAddress } from "./base-address.ts";
import type { ComposeDocument } from "./compose-split.ts";
import { Failure, type Context } from "./context.ts";
import type { Credentials } from "./login-place.ts";
import * as postgres from "./postgres-logins.ts";
import * as redis from "./redis-logins.ts";

/** Undefined where the release before is gone, or had none: it logged in as the service's own user. */
export function credentialsOf(plan: Pick<Plan, "logins" | "variables"> | undefined, service: string): Credentials | undefined {
  const login = plan?.logins?.find((one) => one.service === service);
  return login && valuesOf(login, plan!.variables);
}

const valuesOf = (login: Login, variables: Plan["variables"]): Credentials => ({
  user: variables[login.user] ?? "",
  password: variables[login.password] ?? "",
});

/** The service's own user and database, as the official images take them. */
export function ownerOf(document: Pick<ComposeDocument, "services">, service: string): Pick<postgres.Database, "database" | "owner"> {
  const environment = (document.services[service]?.["environment"] ?? {}) as Record<string, string | null>;
  const owner = environment["POSTGRES_USER"] ?? "postgres";
  return { owner, database: environment["POSTGRES_DB"] ?? owner };
}

/** A server that logins are made on, by its kind. */
interface Keeper {
  /** Whom its first password opened it to. */
  readonly owner: string;
  readonly admit: (login: Credentials, ways: readonly Credentials[]) => Promise<"there" | "made">;
  readonly shutOut: (login: Credentials, names: readonly string[]) => Promise<string[]>;
}

async function keeperOf(stack: string, document: ComposeDocument, { kind, service }: Login): Promise<Keeper> {
  const address = await baseAddress(stack, service);
  if (address === undefined) throw new Failure(`"${service}" does not run, and nobody can be let in to it`);
  if (kind === "redis") {
    const place = { address, service };
    return {
      owner: redis.DEFAULT_USER,
      admit: (login, ways) => redis.admit(place, login, ways),
      shutOut: (login, names) => redis.shutOut(place, login, names),
    };
  }
  const place = { address, service, ...ownerOf(document, service) };
  return {
    owner: place.owner,
    admit: (login, ways) => postgres.admit(place, login, ways),
    shutOut: (login, names) => postgres.shutOut(place, login, names),
  };
}

/** The step of a release. */
export async function admitLogins({ plan, stack, store, split, old, record, journal }: Context): Promise<void> {
  const before = old ? store.plan(old.number) : undefined;
  const said: string[] = [];
  for (const login of plan.logins ?? []) {
    const keeper = await keeperOf(stack, split.base, login);
    const ways = [credentialsOf(before, login.service), { user: keeper.owner, password: plan.variables[login.first] ?? "" }];
    const mine = valuesOf(login, plan.variables);
    const how = await keeper.admit(
      mine,
      ways.filter((one) => one !== undefined),
    );
    said.push(how === "made" ? `${mine.user} is let in to ${login.service}, proven by a login` : `${mine.user} is let in to ${login.service} as before`);
    verify(record.rotated, login, "login");
  }
  store.setRecord(record);
  journal.tell(said.join("; "), { state: "admitted" });
}

function verify(rotated: readonly Rotation[] | undefined, login: Login, by: "login"): void {
  for (const one of rotated ?? []) if (one.secret === login.first) one.verified = by;
}

export interface Closed {
  /** What a person reads; empty where nothing was open any more. */
  readonly said: string;
  /** Secrets, as `first` names them, whose login before may open its service still. */
  readonly open: readonly string[];
}

/** What is live from here on logs in by its own: all others are closed, each service by itself. One that cannot be is left for the next try, and fails nobody's release. */
export async function closeLogins(stack: string, plan: Plan, document: ComposeDocument): Promise<Closed> {
  const said: string[] = [];
  const open: string[] = [];
  for (const login of plan.logins ?? [])
    try {
      said.push(await closeOthers(stack, plan, document, login));
    } catch (error) {
      open.push(login.first);
      said.push(`the login before of ${login.service} is still open: ${(error as Error).message}`);
    }
  return { said: said.filter((one) => one !== "").join("; "), open };
}

async function closeOthers(stack: string, plan: Plan, document: ComposeDocument, login: Login): Promise<string> {
  const keeper = await keeperOf(stack, document, login);
  const closed = await keeper.shutOut(valuesOf(login, plan.variables), login.closes);
  const names = closed.map((name) => (name === keeper.owner ? `the first password of ${name}` : name));
  return closed.length === 0 ? "" : `${names.join(" and ")} ${closed.length === 1 ? "opens" : "open"} ${login.service} no longer`;
}

/** Why a release cannot log in beside the one that is live, or undefined: the login that it would get is in use, with another password. */
export function loginInUse(plan: Plan, live: Plan | undefined): string | undefined {
  for (const login of plan.logins ?? []) {
    const [mine, now] = [valuesOf(login, plan.variables), credentialsOf(live, login.service)];
    if (now && now.user === mine.user && now.password !== mine.password)
      return `"${mine.user}" is what the live release logs in to ${login.service} with, and would get another password under it
   one generation at a time   pulumi config set --path recoloca:rotation.${login.first}.generation ${generationAfter(live?.generations, login.first)}; pulumi up`;
  }
  return undefined;
}

const generationAfter = (generations: Generations | undefined, name: string) => (generations?.[name]?.generation ?? 1) + 1;
