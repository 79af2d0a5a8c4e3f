/** From raw configuration to values, or to every problem there is. Pure: nothing is read here, no secret is looked at. */
import * as z from "zod";
import { placeOf, readYaml } from "../release/compose-file.ts";
import { MAINTENANCE_PAGE_BYTES } from "../release/plan.ts";
import { BASTION_KEY } from "./bastion.ts";
import { checkBucket, checkWhat } from "./check-backup.ts";
import { isEcr } from "./cloud.ts";
import { secretCommand } from "./check-secrets.ts";
import { hostKeyCommand } from "./host-key.ts";
import { knownBeside } from "./known-fields.ts";
import { KEYS, keyOf, type KeyName } from "./schema.ts";
import { meant, setCommand, type Problem } from "./problems.ts";
import { checkTls } from "./tls.ts";

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

const STRUCTURED: ReadonlySet<string> = new Set([
  "images",
  "provenance",
  "variables",
  "secrets",
  "rotation",
  "routes",
  "gates",
  "backup",
  "migration",
  "notify",
  "recreate",
  "telemetry",
  "tls",
  "bastion",
  "ec2",
  "github",
  "pipeline",
  "previews",
  "review",
  "createBackupBucket",
  "backupBucket",
  "backupBucketKeys",
  "observability",
]);

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
      problems.push({ key: name, says: `is missing: ${lower(key.what)}`, fix: commandFor(name, secret, raw.values) });
      continue;
    }
    if (text !== undefined && secret && !raw.encrypted.has(name)) {
      problems.push({ key: name, says: "is there for anyone to read; it must be encrypted (and the value changed)", fix: commandFor(name, true) });
      continue;
    }
    const parsed = key.form.safeParse(text === undefined ? undefined : STRUCTURED.has(name) ? fromJson(text) : text);
    if (parsed.success) values[name] = parsed.data;
    else
      for (const issue of parsed.error.issues)
        problems.push(...problemOf(name, issue, STRUCTURED.has(name) && text !== undefined ? fromJson(text) : text, secret));
  }
  return { values: values, problems };
}

/** Its first sentence, inside another one. */
const lower = (text: string) => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.( .*)?$/, "");

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const PRIVATE_KEY = "cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:sshPrivateKey";

/** `beside`: what else the configuration has. */
function commandFor(name: string, secret: boolean, beside: Raw["values"] = {}): string {
  if (name === "sshPrivateKey") return PRIVATE_KEY;
  if (name === "bastionPrivateKey") return BASTION_KEY;
  if (name === "hostKey") return hostKeyCommand(name, beside["hostAddress"] ?? "HOST", beside["hostPort"]);
  if (name === "telemetry") return setCommand("telemetry.endpoint", "", true);
  if (name === "notify") return setCommand("notify[0].url", "", true);
  if (name === "backupBucketKeys") return ["accessKeyId", "secretAccessKey"].map((field) => setCommand(`backupBucketKeys.${field}`, "", true)).join("\n");
  if (name === "secrets") return setCommand("secrets.NAME", "", true);
  const structured = STRUCTURED.has(name);
  const example = keyOf(name)?.example ?? "";
  if (name === "images") return setCommand("images.SERVICE", example);
  if (!structured) return setCommand(name, example, secret);
  return `in the stack's file: recoloca:${name}: ${example}`;
}

function problemOf(name: string, issue: z.core.$ZodIssue, given: unknown, secret: boolean): Problem[] {
  const key = [name, ...issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))].join("");
  const got = issue.path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], given);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((wrong) => ({ key: `${key}.${wrong}`, says: `is not known; ${meant(wrong, knownBeside(name))}` }));
  const wants = issue.message
    .replace(/^Invalid input: expected /, "wants ")
    .replace(/^Invalid input: /, "")
    .replace(/, received .*$/, "");
  const said = /^wants /.test(wants) ? wants : `wants ${wants}`;
  if (got === undefined)
    return [{ key, says: `is missing: ${said}`, fix: key === "bastion.hostKey" ? fixOf(name, key, issue, secret, "undefined") : commandFor(name, secret) }];
  // A URL with a password in it may stand where its secret's name was wanted.
  const shown = secret ? "something else" : JSON.stringify(got).replace(/\/\/[^@\s"]*@/g, "//…@");
  return [{ key, says: `got ${shown}, ${said}`, fix: fixOf(name, key, issue, secret, typeof got) }];
}

function fixOf(name: string, key: string, issue: z.core.$ZodIssue, secret: boolean, kind: string): string {
  if (issue.path.length === 0) return commandFor(name, secret);
  if (key === "bastion.hostKey") return hostKeyCommand(key, "BASTION");
  const list = issue.code === "invalid_type" && issue.expected === "array";
  if (list) return `in the stack's file: ${String(issue.path.at(-1))}: [WORD, WORD]`;
  const command = setCommand(key, exampleOf(key), secret);
  // Without its type Pulumi would write the same number again.
  const bare = issue.code === "invalid_type" && issue.expected === "string" && /^(number|boolean)$/.test(kind) && !secret;
  return bare ? command.replace("--path", "--path --type string") : command;
}

const exampleOf = (key: string) =>
  /timeout|interval/.test(key) ? "30s" : /images/.test(key) ? "REGISTRY/NAME@sha256:DIGEST" : /email/.test(key) ? "ops@recoloca.ai" : "VALUE";

/** What can only be seen with several values side by side, the Compose file among them. */
export function checkTogether(
  values: Partial<Values>,
  compose: ComposeFile,
  given: { secrets: readonly string[]; registry: readonly string[]; page?: ComposeFile | undefined },
): Problem[] {
  const problems: Problem[] = [];
  const byRole = values.ec2 !== undefined && isEcr(values.registryServer) && given.registry.length === 1;
  if (given.registry.length > 0 && given.registry.length < 3 && !byRole)
    for (const name of ["registryServer", "registryUsername", "registryPassword"].filter((one) => !given.registry.includes(one)))
      problems.push({
        key: name,
        says: `is missing: ${given.registry.join(" and ")} ${given.registry.length === 1 ? "is" : "are"} set, all three go together`,
        fix: commandFor(name, name === "registryPassword"),
      });
  if (values.images && !values.release)
    problems.push({ key: "release", says: "is missing: a release's images and its name are set together", fix: commandFor("release", false) });
  if (values.release && !values.images)
    problems.push({ key: "images", says: "is missing: a release's images and its name are set together", fix: commandFor("images", false) });
  return [
    ...problems,
    ...checkTls(values),
    ...checkBucket(values, commandFor("backupBucketKeys", true)),
    ...checkWindow(values, given.page),
    ...checkCompose(values, compose, given.secrets),
  ];
}

/** What a time with the doors closed needs: a page that fits, and a way to put the data back. */
function checkWindow({ migration, backup }: Partial<Values>, page: ComposeFile | undefined): Problem[] {
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
  if (migration?.breaking && !(backup?.restore && backup.take))
    problems.push({
      key: "migration.breaking",
      says: backup
        ? "wants a backup that can be put back: backup.restore and backup.take are missing"
        : "wants a backup that can be put back, and the stack has none",
      fix: setCommand("backup.service", "postgres"),
    });
  return problems;
}

function checkCompose(values: Partial<Values>, compose: ComposeFile, secrets: readonly string[]): Problem[] {
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
      : [problem(key, `got "${service}", which ${compose.path} does not have; ${meant(service, names)}`, setCommand(key, names[0] ?? "SERVICE"))];
  const routes = values.routes ?? [];
  return [
    ...routes.flatMap((route, index) => unknown(`routes[${index}].service`, route.service)),
    ...Object.keys(values.images ?? {}).flatMap((name) =>
      names.includes(name) ? [] : [problem(`images.${name}`, `names a service that ${compose.path} does not have; ${meant(name, names)}`)],
    ),
    ...(values.recreate ?? []).flatMap((name, index) => unknown(`recreate[${index}]`, name)),
    ...(values.migration ? unknown("migration.service", values.migration.service) : []),
    ...checkWhat(values, { path: compose.path, services: names, volumes }, secrets),
    ...(values.gates ?? []).flatMap((gate, index) =>
      routes.some((route) => route.path === "/" || gate.path === route.path || gate.path.startsWith(`${route.path}/`))
        ? []
        : [problem(`gates[${index}].path`, `got "${gate.path}", and no route leads there`)],
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
    ...[...new Set([...unsetVariables(compose.text), ...given.flatMap(({ environment }) => environment ?? [])])]
      .filter((name) => !(name in (values.variables ?? {})) && !secrets.includes(name))
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

/** Variables that the file uses and gives no value of its own. `$$` is a dollar sign. */
export function unsetVariables(text: string): string[] {
  const code = text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n")
    .replaceAll("$$", "");
  const found = [...code.matchAll(/\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(:?[-+?][^}]*)?\})/g)];
  return [...new Set(found.filter((match) => !/^:?[-+]/.test(match[3] ?? "")).map((match) => match[1] ?? match[2]!))].sort();
}
