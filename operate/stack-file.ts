/** Text of a stack's file that is like another one's, or is itself with other answers; and what is still to be set in it. */
import { parse, parseDocument, Scalar, stringify } from "yaml";
import { valueOf } from "../settings/check.ts";
import { OWNERS_FIELDS } from "../settings/github-form.ts";
import { NAMESPACE, ownKeys } from "../settings/index.ts";
import { sayProblems } from "../settings/problems.ts";
import { checkWhole } from "../settings/whole.ts";
import { checkout } from "../tools/cache.ts";

export type Answers = Readonly<Record<string, string>>;
type Config = Readonly<Record<string, unknown>>;

/** Of one environment alone: what runs there, how it is opened, and the names of what AWS has once. Another one begins without. */
const OF_ONE = [
  "images",
  "release",
  "provenance",
  "rotation",
  "lift",
  "hostPort",
  "hostUser",
  "hostKey",
  "bastion",
  "removeData",
  "pipeline",
  "domainAddresses",
];
const OF_ONE_MACHINE = ["generation", "dataVolume", "subnet", "ami"];
const OF_ONE_REPOSITORY = ["ownsRepository", ...OWNERS_FIELDS];
/** What the stack makes itself where it makes the server. */
const OF_AN_OWN_SERVER = ["hostAddress", "hostKey", "sshPrivateKey", "hostUser"];

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
  const { config } = (parse(text) ?? {}) as { config?: Config };
  return Object.fromEntries(Object.entries(ownKeys(config ?? {})).map(([key, value]) => [key, typeof value === "string" ? valueOf(key, value) : value]));
}

/** What a file says itself of what `make new-environment` asks. */
export function answersIn(text: string): Answers {
  const { application, repository, domain, hostAddress, ec2 } = configOf(text);
  const { region, sshFrom, reach } = (ec2 ?? {}) as Config;
  const found = {
    APPLICATION: application,
    REPOSITORY: repository,
    DOMAIN: domain,
    HOST: ec2 !== undefined ? "ec2" : hostAddress !== undefined ? "existing" : undefined,
    REGION: region,
    REACH: reach,
    SSH_FROM: Array.isArray(sshFrom) && sshFrom.length > 0 ? sshFrom.join(",") : undefined,
    ADDRESS: hostAddress,
  };
  return Object.fromEntries(Object.entries(found).filter((one): one is [string, string] => typeof one[1] === "string"));
}

const rangesOf = ({ SSH_FROM }: Answers) => (SSH_FROM === undefined ? {} : { sshFrom: SSH_FROM.split(",") });
const namesOf = (given: Answers) => ({ application: given["APPLICATION"]!, repository: given["REPOSITORY"]!, domain: given["DOMAIN"]! });

/** `template` is the text of one that is like it. */
export function stackFile(given: Answers, template: string): string {
  const { ec2, createBackupBucket, hostAddress: _, ...rest } = inherited(configOf(template));
  if (given["HOST"] === "ec2" && ec2 === undefined) throw nobodyKnowsWhichServer();
  const server =
    given["HOST"] === "ec2"
      ? {
          ...without(rest, OF_AN_OWN_SERVER),
          ec2: { ...withoutZone(ec2 as Config, given["DOMAIN"]!), region: given["REGION"], ...rangesOf(given) },
          createBackupBucket: createBackupBucket ?? {},
        }
      : { ...rest, hostAddress: given["ADDRESS"] };
  const named = Object.fromEntries(Object.entries({ ...server, ...namesOf(given) }).map(([key, value]) => [`${NAMESPACE}:${key}`, value]));
  return `# ${given["NAME"]}: answers at ${given["DOMAIN"]}. Every key: docs/configuration.md.\n${stringify({ config: named }, YAML_OF_PULUMI)}`;
}

const nobodyKnowsWhichServer = () =>
  new Error(
    "nothing was written: the file that it would be written from has no recoloca:ec2, so nobody knows the instance type\n  in it: pulumi config set --path recoloca:ec2.instanceType t4g.small",
  );

/** `text` with other answers. What they do not touch stays as it is: secrets and what opens them, order and comments. */
export function rewritten(given: Answers, text: string): string {
  const document = parseDocument(text);
  const place = (key: string) => ["config", `${NAMESPACE}:${key}`];
  const set = (at: readonly string[], value: unknown) => {
    // What is the same keeps its quotes and its comment.
    if (JSON.stringify(document.getIn(at)) !== JSON.stringify(value)) document.setIn(at, document.createNode(value));
  };
  const was = configOf(text);
  const { ec2, createBackupBucket, backupBucket } = was;
  if (given["HOST"] === "ec2") {
    if (ec2 === undefined) throw nobodyKnowsWhichServer();
    if (document.getIn(place("ec2"), true) instanceof Scalar) document.setIn(place("ec2"), document.createNode(ec2));
    set([...place("ec2"), "region"], given["REGION"]);
    for (const [key, ranges] of Object.entries(rangesOf(given))) set([...place("ec2"), key], ranges);
    if (!("zone" in withoutZone(ec2 as Config, given["DOMAIN"]!))) document.deleteIn([...place("ec2"), "zone"]);
    // Beside an address of its own it is a way to a server at AWS.
    if ("hostKey" in was) for (const key of OF_AN_OWN_SERVER) document.deleteIn(place(key));
    if (createBackupBucket === undefined && backupBucket === undefined) set(place("createBackupBucket"), {});
  } else {
    for (const key of ["ec2", "createBackupBucket"]) document.deleteIn(place(key));
    set(place("hostAddress"), given["ADDRESS"]);
  }
  for (const [key, value] of Object.entries(namesOf(given))) set(place(key), value);
  return document.toString({ lineWidth: 0 });
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
