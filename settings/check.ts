/** From raw configuration to values, or to every problem there is. Pure: nothing is read here, no secret is looked at. */
import * as z from "zod";
import { placeOf, readYaml } from "../release/compose-file.ts";
import { MAINTENANCE_PAGE_BYTES } from "../release/plan.ts";
import { checkBucket, checkWhat } from "./check-backup.ts";
import { isEcr } from "./cloud.ts";
import { secretCommand } from "./check-secrets.ts";
import { KEYS, keyOf, type KeyName } from "./schema.ts";
import { meant, nearest, setCommand, type Problem } from "./problems.ts";
import { unsetVariables } from "./compose-variables.ts";
import { checkTls } from "./tls.ts";
import { commandFor, insideSentence, STRUCTURED, wrongValue } from "./wrong-value.ts";

export type Values = { [Name in KeyName]: z.output<(typeof KEYS)[Name]["form"]> };

export interface Raw {
  /** Key without namespace to its value; JSON where the key holds a structure. */
  readonly values: Readonly<Record<string, string>>;
  /** Keys whose value is encrypted. */
  readonly encrypted: ReadonlySet<string>;
}

export interface ComposeFile {
  readonly path: string;
  /** Undefined: there is no such file. */
  readonly text: string | undefined;
}

export function checkValues(raw: Raw): { values: Partial<Values>; problems: Problem[] } {
  const problems: Problem[] = [];
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(raw.values))
    if (!keyOf(name)) problems.push({ key: name, says: `is not known; ${meant(name, Object.keys(KEYS))}`, fix: `pulumi config rm recoloca:${name}` });
  for (const [name, key] of Object.entries(KEYS) as [KeyName, (typeof KEYS)[KeyName]][]) {
    const text = raw.values[name];
    const secret = "secret" in key && key.secret;
    const needless = "unless" in key && raw.values[key.unless] !== undefined;
    if (text === undefined && "required" in key && key.required && !needless) {
      problems.push({ key: name, says: `is missing: ${insideSentence(key.what)}`, fix: commandFor(name, secret, raw.values) });
      continue;
    }
    // It is read all the same: what depends on it is no second problem.
    if (text !== undefined && secret && !raw.encrypted.has(name))
      problems.push({ key: name, says: "is there for anyone to read; it must be encrypted (and the value changed)", fix: commandFor(name, true) });
    const given = text === undefined ? undefined : valueOf(name, text);
    const parsed = key.form.safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else {
      // Of several rules that one value breaks the first one is enough.
      const { issues: all } = parsed.error;
      const isFirst = ({ path }: z.core.$ZodIssue, index: number) =>
        all.findIndex((one) => one.code !== "unrecognized_keys" && one.path.join() === path.join()) === index;
      const issues = all.filter((issue, index) => issue.code === "unrecognized_keys" || isFirst(issue, index));
      for (const issue of issues) problems.push(...wrongValue(name, issue, given));
      const rest = withoutWrong(key.form, given, parsed.error.issues);
      if (rest !== undefined) values[name] = rest;
    }
  }
  return { values: values, problems };
}

/** A key's value as it is meant: JSON where the key holds a structure, whether Pulumi made the text of it or a person wrote it as one. */
export function valueOf(name: string, text: string): unknown {
  if (!STRUCTURED.has(name)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * A structure without its wrong parts, where the rest says enough, so that what else is wrong beside other values comes at once. Undefined where a
 * choice is among them, on which the rest depends, or what must be there.
 */
function withoutWrong(form: z.ZodType, given: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  if (typeof given !== "object" || issues.some((issue) => issue.path.length === 0 && issue.code !== "unrecognized_keys")) return undefined;
  if (issues.some((issue) => issue.code === "invalid_value" || (issue.code === "invalid_type" && issue.expected === "boolean"))) return undefined;
  const rest: unknown = structuredClone(given);
  for (const issue of issues)
    for (const path of issue.code === "unrecognized_keys" ? issue.keys.map((name) => [...issue.path, name]) : [issue.path]) {
      const [last] = path.slice(-1);
      const place = path.slice(0, -1).reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], rest);
      // Others would stand at another number.
      if (Array.isArray(place) || typeof place !== "object" || place === null) return undefined;
      Reflect.deleteProperty(place, last!);
    }
  return form.safeParse(rest).data;
}

/** Keys that are there and cannot be read, and places inside of others. Nothing is said of what depends on them. */
export const unreadOf = (values: Partial<Values>, given: readonly string[], problems: readonly Problem[]): ReadonlySet<string> =>
  new Set([
    ...given.filter((name) => keyOf(name) && values[name as KeyName] === undefined),
    ...problems.map(({ key }) => key).filter((key) => /[.[]/.test(key)),
  ]);

/** What can only be seen with several values side by side, the Compose file among them. */
export function checkTogether(
  values: Partial<Values>,
  compose: ComposeFile,
  given: { secrets: readonly string[]; registry: readonly string[]; page?: ComposeFile | undefined; unread?: ReadonlySet<string> },
): Problem[] {
  const problems: Problem[] = [];
  const { unread = new Set() } = given;
  const byRole = (values.ec2 !== undefined || unread.has("ec2")) && isEcr(values.registryServer) && given.registry.length === 1;
  if (given.registry.length > 0 && given.registry.length < 3 && !byRole)
    for (const name of ["registryServer", "registryUsername", "registryPassword"].filter((one) => !given.registry.includes(one)))
      problems.push({
        key: name,
        says: `is missing: ${given.registry.join(" and ")} ${given.registry.length === 1 ? "is" : "are"} set, all three go together`,
        fix: commandFor(name, name === "registryPassword"),
      });
  if (values.images && !values.release && !unread.has("release"))
    problems.push({ key: "release", says: "is missing: a release's images and its name are set together", fix: commandFor("release", false) });
  if (values.release && !values.images && !unread.has("images"))
    problems.push({ key: "images", says: "is missing: a release's images and its name are set together", fix: commandFor("images", false) });
  return [
    ...problems,
    ...checkTls(values),
    ...checkBucket(values, commandFor("backupBucketKeys", true), unread),
    ...checkWindow(values, given.page, unread),
    ...checkCompose(values, compose, given.secrets, unread),
  ];
}

/** What a time with the doors closed needs: a page that fits, and a way to put the data back. */
function checkWindow({ migration, backup }: Partial<Values>, page: ComposeFile | undefined, unread: ReadonlySet<string>): Problem[] {
  const problems: Problem[] = [];
  if (page && page.text === undefined)
    problems.push({ key: "maintenancePage", says: `there is no file ${page.path}`, fix: commandFor("maintenancePage", false) });
  if (page?.text !== undefined && Buffer.byteLength(page.text) > MAINTENANCE_PAGE_BYTES)
    problems.push({
      key: "maintenancePage",
      says: `${page.path} has ${Buffer.byteLength(page.text).toLocaleString("en")} bytes, at most ${MAINTENANCE_PAGE_BYTES.toLocaleString("en")} fit: images go elsewhere`,
    });
  if (migration?.breaking && !migration.revision)
    problems.push({
      key: "migration.revision",
      says: "is missing: without it nobody knows afterwards which release fits the schema",
      fix: setCommand("migration.revision[0]", "COMMAND"),
    });
  if (migration?.breaking && !(backup?.restore && backup.take) && !unread.has("backup"))
    problems.push({
      key: "migration.breaking",
      says: backup
        ? "wants a backup that can be put back: backup.restore and backup.take are missing"
        : "wants a backup that can be put back, and the stack has none",
      fix: setCommand("backup.service", "postgres"),
    });
  return problems;
}

function checkCompose(values: Partial<Values>, compose: ComposeFile, secrets: readonly string[], unread: ReadonlySet<string>): Problem[] {
  const problem = (key: string, says: string, fix?: string): Problem => ({ key, says, ...(fix !== undefined && { fix }) });
  if (compose.text === undefined) return [problem("composeFile", `there is no file ${compose.path}`, commandFor("composeFile", false))];
  let whole: unknown;
  try {
    whole = readYaml(compose.text);
  } catch (error) {
    return [problem("composeFile", `${compose.path} is not YAML: ${placeOf(error)}`)];
  }
  const given = givenBy(whole);
  const services = (whole as { services?: Record<string, { image?: string; build?: unknown } | null> } | null)?.services;
  if (!services || typeof services !== "object") return [problem("composeFile", `${compose.path} has no services`)];
  const names = Object.keys(services);
  const volumes = Object.keys((whole as { volumes?: object | null }).volumes ?? {});
  const unknown = (key: string, service: string) =>
    names.includes(service)
      ? []
      : [
          problem(
            key,
            `got "${service}", which ${compose.path} does not have; ${meant(service, names)}`,
            setCommand(key, nearest(service, names) ?? "SERVICE"),
          ),
        ];
  const routes = values.routes ?? [];
  const valued = new Set([...Object.keys(values.variables ?? {}), ...secrets]);
  return [
    ...routes.flatMap((route, index) => unknown(`routes[${index}].service`, route.service)),
    ...Object.keys(values.images ?? {}).flatMap((name) =>
      names.includes(name)
        ? []
        : [
            problem(
              `images.${name}`,
              `names a service that ${compose.path} does not have; ${meant(name, names)}`,
              `pulumi config rm --path recoloca:images.${name}`,
            ),
          ],
    ),
    ...(values.recreate ?? []).flatMap((name, index) => unknown(`recreate[${index}]`, name)),
    ...(values.migration ? unknown("migration.service", values.migration.service) : []),
    ...checkWhat(values, { path: compose.path, services: names, volumes }, secrets),
    ...(values.gates ?? []).flatMap((gate, index) =>
      values.routes === undefined || routes.some((route) => route.path === "/" || gate.path === route.path || gate.path.startsWith(`${route.path}/`))
        ? []
        : [problem(`gates[${index}].path`, `got "${gate.path}", and no route leads there; they lead to ${routes.map((route) => route.path).join(", ")}`)],
    ),
    ...names
      .filter((name) => services[name]?.build !== undefined && services[name].image === undefined && values.images && !values.images[name])
      .map((name) =>
        problem(`images.${name}`, `is missing: service "${name}" has a build and no image`, setCommand(`images.${name}`, "REGISTRY/NAME@sha256:DIGEST")),
      ),
    ...given.flatMap(({ what, file }) =>
      file === undefined || file.startsWith("/")
        ? []
        : [problem("composeFile", `${what} of ${compose.path} is the file ${file}, which is not on the server; take it from a variable: environment: NAME`)],
    ),
    ...[...new Set([...unsetVariables(compose.text, valued), ...given.flatMap(({ environment }) => environment ?? [])])]
      .filter((name) => !valued.has(name) && !["secrets", "variables", "rotation"].some((one) => unread.has(one)))
      .map((name) =>
        problem(
          `secrets.${name}`,
          `is missing: ${compose.path} uses ${name}`,
          `${secretCommand(name)}\nor, if anyone may read it: ${setCommand(`variables.${name}`, "VALUE")}`,
        ),
      ),
  ];
}

interface Given {
  readonly environment?: string;
  readonly file?: string;
}

/** What the file's `secrets` and `configs` are made from. */
const givenBy = (document: unknown) =>
  (["secrets", "configs"] as const).flatMap((kind) =>
    Object.entries((document as Record<typeof kind, Record<string, Given | null> | undefined> | null)?.[kind] ?? {}).map(([name, given]) => ({
      what: `${kind.slice(0, -1)} "${name}"`,
      ...given,
    })),
  );
