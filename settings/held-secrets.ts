/** Which secrets of the catalogue a stack has, how old each is, and who uses it. Names alone; no value is looked at. Pure. */
import { SECRETS, type Consumer, type Secret, type SecretName } from "../secrets/catalogue.ts";
import { daysBetween, due, dueOn, renewedBy, type Day, type Held } from "../secrets/rotation.ts";
import type { Values } from "./check.ts";
import { DATABASE, readServices, type Keeper } from "./database-login.ts";

/** `given`: keys that the configuration has, without the namespace. In the catalogue's order. */
export function heldSecrets({ rotation = {}, secrets = {} }: Partial<Values>, given: readonly string[]): Held[] {
  const made: readonly SecretName[] = [
    ...(given.includes("ec2") ? (["sshAccessKey", "sshHostKey"] as const) : []),
    ...(given.includes("review") ? (["REVIEW_SSH_KEY"] as const) : []),
  ];
  return (Object.entries(SECRETS) as [SecretName, Secret][])
    .filter(([name, { key }]) => name in secrets || (key !== undefined && given.includes(key)) || made.includes(name))
    .map(([name]) => {
      const { generation = 1, since, until } = rotation[name] ?? {};
      return { name, generation, since, until };
    });
}

/** One as people read it. */
export interface Told {
  readonly name: SecretName;
  readonly generation: number;
  /** `41d`, or that nobody knows. */
  readonly age: string;
  /** `in 49d`, `today`, `3d ago`; of one that only people keep, nothing. */
  readonly due: string;
  readonly renewed: string;
  readonly owner: string;
  readonly class: string;
  /** Services of the Compose file, and who else. */
  readonly used: string;
}

const OTHERS: Readonly<Record<Consumer, string>> = { host: "the server", stack: "the program", workflow: "workflows" };

export function tellSecrets(held: readonly Held[], compose: string, today: Day): Told[] {
  const late = due(today, held);
  return held.map((one) => {
    const { rotation, owner, consumers }: Secret = SECRETS[one.name];
    const day = dueOn(one);
    const by = renewedBy(one.name);
    const services = servicesWith(one.name, compose);
    const others = consumers.filter((consumer) => consumer !== "host" || services.length === 0).map((consumer) => OTHERS[consumer]);
    return {
      name: one.name,
      generation: one.generation,
      age: one.since === undefined ? "not known" : `${daysBetween(one.since, today)}d`,
      due: `${day === undefined ? "now: its age is not known" : sayWhen(daysBetween(today, day))}${one.until === undefined ? "" : late.end.includes(one.name) ? "; the one before is over" : `; the one before until ${one.until}`}`,
      renewed: by === "stack" ? "by the stack" : by === "server" ? "by make rotate" : by === "person" ? "asks a person" : "by a person, by hand",
      owner,
      class: rotation,
      used: [...services, ...others].join(", ") || "people",
    };
  });
}

const sayWhen = (days: number) => (days > 0 ? `in ${days}d` : days === 0 ? "today" : `${-days}d ago`);

/** Services whose definition names it, or what takes its place for those who log in; or that take everything. */
function servicesWith(name: string, compose: string): string[] {
  const { services = {}, secrets = {} } = readServices(compose);
  const names = [name, ...(name in DATABASE ? [DATABASE[name as Keeper].password] : [])];
  const files = Object.entries(secrets).flatMap(([key, secret]) => (names.includes(secret?.environment ?? "") ? [key] : []));
  return Object.entries(services).flatMap(([service, definition]) => {
    const text = JSON.stringify(definition ?? {});
    const given = (definition?.secrets ?? []).some((one) => files.includes(typeof one === "string" ? one : (one.source ?? "")));
    return given || new RegExp(`\\b(${names.join("|")})\\b`).test(text) || "env_file" in (definition ?? {}) ? [service] : [];
  });
}
