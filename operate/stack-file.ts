/** Text of a stack's file that is like another one's, or is itself with other answers; and what is still to be set in it. */
import { isCollection, isMap, parse, parseDocument, type Document } from "yaml";
import { NUMBER } from "../release/review.ts";
import { valueOf } from "../settings/check.ts";
import { PRODUCTION } from "../settings/cloud.ts";
import { OWNERS_FIELDS } from "../settings/github-form.ts";
import { NAMESPACE, ownKeys } from "../settings/index.ts";
import { sayProblems, setCommand } from "../settings/problems.ts";
import { checkWhole } from "../settings/whole.ts";
import { checkout } from "../tools/cache.ts";

export type Answers = Readonly<Record<string, string>>;
type Config = Readonly<Record<string, unknown>>;

/** The way to one server, which leads to no other one. */
const WAY = ["hostAddress", "hostPort", "hostUser", "hostKey", "sshPrivateKey", "bastion", "bastionPrivateKey"];
/** Of one environment alone: what runs there, how it is opened, where people reach it, and the names of what AWS has once. Another one begins without. */
const OF_ONE = [
  ...WAY,
  "images",
  "release",
  "provenance",
  "rotation",
  "lift",
  "removeData",
  "pipeline",
  "publicUrl",
  "domainAddresses",
  // Its host names lead to this server.
  "review",
];
const OF_ONE_MACHINE = ["generation", "dataVolume", "subnet", "ami"];
const OF_ONE_REPOSITORY = ["ownsRepository", ...OWNERS_FIELDS];
const without = (from: unknown, names: readonly string[]): Config =>
  Object.fromEntries(Object.entries((from ?? {}) as Config).filter(([name]) => !names.includes(name)));

/** As Pulumi writes an encrypted value, which no other stack can read. */
const isEncrypted = (value: unknown): boolean => typeof value === "object" && value !== null && Object.keys(value).join() === "secure";

/** Leaves out what is encrypted, what has nothing else in it, and of a list each entry that has some of it. */
function readable(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isEncrypted(value)) return undefined;
  if (Array.isArray(value)) {
    const whole = value.filter((one) => encryptedIn(one, "").length === 0);
    return whole.length === 0 && value.length > 0 ? undefined : whole;
  }
  const kept = Object.entries(value).flatMap(([name, one]) => {
    const left = readable(one);
    return left === undefined ? [] : [[name, left] as const];
  });
  return kept.length === 0 && Object.keys(value).length > 0 ? undefined : Object.fromEntries(kept);
}

/** Whoever may use a key can open everything that it encrypts, so each environment has its own. */
const withoutKey = ({ stateBucket, ...rest }: Config): Config => ({
  ...rest,
  ...(stateBucket !== undefined && { stateBucket: without(stateBucket, ["key"]) }),
});

/** What another environment may have of this one. */
function inherited(config: Config): Config {
  const { ec2, createBackupBucket, github, ...rest } = without(readable(config), OF_ONE);
  return {
    ...rest,
    ...(ec2 !== undefined && { ec2: without(ec2, OF_ONE_MACHINE) }),
    ...(createBackupBucket !== undefined && { createBackupBucket: without(createBackupBucket, ["name"]) }),
    // An account has one entry for GitHub; the template's stack makes it.
    ...(github !== undefined && { github: { ...withoutKey(without(github, OF_ONE_REPOSITORY)), makesIdentityProvider: false } }),
  };
}

/** What a file says of this project, each structure as one. */
function configOf(text: string): Config {
  const { config } = (parse(text) ?? {}) as { config?: Config | null };
  return Object.fromEntries(Object.entries(ownKeys(config ?? {})).map(([key, value]) => [key, typeof value === "string" ? valueOf(key, value) : value]));
}

/** Whether a file says nothing of this project: `pulumi stack init` writes one that has only what opens its secrets. */
export const saysNothing = (text: string): boolean => Object.keys(configOf(text)).length === 0;

/** Whether the server of a file is one that the stack makes. One of its own may be on the way to it, with an `ec2` of which the region is still to be said. */
const makesServer = ({ ec2, hostKey, sshPrivateKey }: Config): boolean =>
  typeof ec2 === "object" && ec2 !== null && "region" in ec2 && hostKey === undefined && sshPrivateKey === undefined;

/** What a file says itself of what `make new-environment` asks. */
export function answersIn(text: string): Answers {
  const was = configOf(text);
  const { application, repository, domain, hostAddress, ec2 } = was;
  const { region, sshFrom, reach } = (ec2 ?? {}) as Config;
  const found = {
    APPLICATION: application,
    REPOSITORY: repository,
    DOMAIN: domain,
    HOST: ec2 !== undefined ? "ec2" : hostAddress !== undefined ? "existing" : undefined,
    REGION: region,
    REACH: reach,
    SSH_FROM: Array.isArray(sshFrom) && sshFrom.length > 0 ? sshFrom.join(",") : undefined,
    // Of one that the stack makes it is where a tunnel begins.
    ADDRESS: makesServer(was) ? undefined : hostAddress,
  };
  return Object.fromEntries(Object.entries(found).filter((one): one is [string, string] => typeof one[1] === "string"));
}

const rangesOf = ({ SSH_FROM }: Answers) => (SSH_FROM === undefined ? {} : { sshFrom: SSH_FROM.split(",") });
const namesOf = (given: Answers) => ({ application: given["APPLICATION"]!, repository: given["REPOSITORY"]!, domain: given["DOMAIN"]! });

const place = (key: string) => ["config", `${NAMESPACE}:${key}`];

/** `template` is the text of one that is like it; `there` has what is kept of a file that says nothing of this project yet, as what opens its secrets. */
export function stackFile(given: Answers, template: string, there = ""): string {
  const was = configOf(template);
  const { ec2, createBackupBucket, ...rest } = inherited(was);
  if (given["HOST"] === "ec2" && ec2 === undefined) throw nobodyKnowsWhichServer();
  const server =
    given["HOST"] === "ec2"
      ? {
          ...rest,
          ec2: { ...withoutZone(ec2 as Config, given["DOMAIN"]!), region: given["REGION"], ...rangesOf(given) },
          // The stack makes one where none is named.
          ...(rest["backupBucket"] === undefined && { createBackupBucket: createBackupBucket ?? {} }),
        }
      : { ...rest, hostAddress: given["ADDRESS"] };
  const document: Document = parseDocument(there, YAML_OF_PULUMI);
  document.contents ??= document.createNode({});
  const config = document.get("config");
  if (!isMap(config) || config.items.length === 0) document.set("config", document.createNode({}));
  for (const [key, value] of Object.entries({ ...server, ...namesOf(given) })) document.setIn(place(key), document.createNode(value));
  for (const { key, at, moved } of hostsIn(server, was["domain"], given["DOMAIN"]!)) if (moved !== undefined) document.setIn([...place(key), ...at], moved);
  return `# ${given["NAME"]}: answers at ${given["DOMAIN"]}. Every key: docs/configuration.md.\n${document.toString(YAML_OF_PULUMI)}`;
}

const nobodyKnowsWhichServer = () =>
  new Error(
    "nothing was written: the file that it would be written from has no recoloca:ec2, so nobody knows the instance type\n  in it: pulumi config set --path recoloca:ec2.instanceType t4g.small",
  );

/** `text` with other answers. What they do not touch stays as it is: secrets and what opens them, order and comments. */
export function rewritten(given: Answers, text: string): string {
  const document: Document = parseDocument(text);
  const set = (at: readonly (string | number)[], value: unknown) => {
    // What is the same keeps its quotes and its comment.
    if (JSON.stringify(document.getIn(at)) !== JSON.stringify(value)) document.setIn(at, document.createNode(value));
  };
  const was = configOf(text);
  const setInside = (key: string, at: readonly (string | number)[], value: unknown) => {
    // It may be one text, or stand for another place of the file.
    if (!isCollection(document.getIn(place(key), true))) document.setIn(place(key), document.createNode(was[key]));
    set([...place(key), ...at], value);
  };
  const { ec2, createBackupBucket, backupBucket } = was;
  // To a server of another kind the way is another one.
  if (makesServer(was) !== (given["HOST"] === "ec2")) for (const key of WAY) document.deleteIn(place(key));
  if (given["HOST"] === "ec2") {
    if (ec2 === undefined) throw nobodyKnowsWhichServer();
    setInside("ec2", ["region"], given["REGION"]);
    for (const [key, ranges] of Object.entries(rangesOf(given))) setInside("ec2", [key], ranges);
    if (!("zone" in withoutZone(ec2 as Config, given["DOMAIN"]!))) document.deleteIn([...place("ec2"), "zone"]);
    if (createBackupBucket === undefined && backupBucket === undefined) set(place("createBackupBucket"), {});
  } else {
    for (const key of ["ec2", "createBackupBucket"]) document.deleteIn(place(key));
    set(place("hostAddress"), given["ADDRESS"]);
  }
  for (const { key, at, moved } of hostsIn(was, was["domain"], given["DOMAIN"]!)) if (moved !== undefined) setInside(key, at, moved);
  for (const [key, value] of Object.entries(namesOf(given))) set(place(key), value);
  return textOf(document);
}

/** Throws where something stands for what is not there any more. */
function textOf(document: Document): string {
  try {
    return document.toString({ lineWidth: 0 });
  } catch (error) {
    const [, name] = /^Unresolved alias .*: (\S+)$/.exec((error as Error).message) ?? [];
    if (name === undefined) throw error;
    throw new Error(
      `nothing was written: what the file calls &${name} would go, and *${name} stands for it elsewhere in it\n  in place of each *${name} what it stands for; then the same command again`,
    );
  }
}

/** Host names of routes, of gates and of pull requests' environments; `moved` is the same name below another domain, of those below `domain`. */
function hostsIn(config: Config, domain: unknown, other: string): { key: string; at: (string | number)[]; host: string; moved?: string }[] {
  const lists = ["routes", "gates"].flatMap((key) =>
    Array.isArray(config[key]) ? config[key].map((one: unknown, index) => ({ key, at: [index, "host"], host: (one as Config | null)?.["host"] })) : [],
  );
  return [...lists, { key: "review", at: ["host"], host: (config["review"] as Config | undefined)?.["host"] }].flatMap(({ host, ...where }) => {
    if (typeof host !== "string") return [];
    const isBelow = typeof domain === "string" && domain !== other && (host === domain || host.endsWith(`.${domain}`));
    return [{ ...where, host, ...(isBelow && { moved: host.slice(0, -domain.length) + other }) }];
  });
}

/** What a new environment has not of `template`, or has like it and perhaps should not; each with its command. */
export function toLookAt(given: Answers, template: string, text: string): string[] {
  const [mine, domain] = [configOf(text), given["DOMAIN"]!];
  const asThere = hostsIn(mine, domain, domain).filter(({ host }) => host !== "*" && host !== domain && !host.endsWith(`.${domain}`));
  return [
    ...(configOf(template)["review"] === undefined || given["NAME"] === PRODUCTION
      ? []
      : [
          `environments of pull requests (recoloca:review) are not in it: their names lead to one server. With its own, docs/review.md:\n  ${setCommand("review.host", `pr-${NUMBER}.${domain}`)}`,
        ]),
    ...asThere.map(({ key, at: [index], host }) => {
      const where = `${key}[${index}].host`;
      return `recoloca:${where} is ${host} there too, and a name leads to one server:\n  ${setCommand(where, domain)}`;
    }),
  ];
}

/** Pulumi reads by an older YAML than this program writes: there a date, `1_000`, `0b11` and `yes` are no texts where nothing is around them. */
const YAML_OF_PULUMI = { version: "1.1", lineWidth: 140 } as const;

/** The template's zone stays where it holds the new domain too. */
function withoutZone({ zone, ...rest }: Config, domain: string): Config {
  return typeof zone === "string" && domain.endsWith(`.${zone}`) ? { ...rest, zone } : rest;
}

/** Where something encrypted is: `secrets.POSTGRES_PASSWORD`. */
function encryptedIn(value: unknown, at: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (isEncrypted(value)) return [at];
  return Object.entries(value).flatMap(([name, one]) => encryptedIn(one, Array.isArray(value) ? `${at}[${name}]` : `${at}${at && "."}${name}`));
}

/** What is still to be set before the first `pulumi up`; empty where nothing is. What is encrypted cannot be read here, so it is taken for right. */
export function stillToSet(name: string, file: string): string {
  const mine = ownKeys((parse(file) as { config: Config }).config);
  const closed = encryptedIn(mine, "");
  const raw = Object.fromEntries(
    Object.entries(mine).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value, (_, one: unknown) => (isEncrypted(one) ? "ENCRYPTED" : one)),
    ]),
  );
  for (const [key, value] of Object.entries(mine)) if (isEncrypted(value)) raw[key] = "ENCRYPTED";
  const encrypted = new Set(closed.map((place) => /^[^.[]+/.exec(place)![0]));
  const { problems } = checkWhole({ values: raw, encrypted }, checkout, name);
  const open = problems.filter(({ key }) => !closed.includes(key));
  return open.length === 0 ? "" : sayProblems(name, open).replace(/^.*\n/, "");
}
