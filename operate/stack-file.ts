/** Text of a stack's file that is like another one's, or like itself with other answers; and what is still to be set in it. */
import { parse, stringify } from "yaml";
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

/** `template` is the text of one that is like it, or of `itself` as it is now: that keeps its secrets, and what opens them. */
export function stackFile(given: Answers, template: string, itself = false): string {
  const { config, ...head } = parse(template) as { config?: Config };
  const mine = ownKeys(config ?? {});
  const { ec2, createBackupBucket, hostAddress: _, ...rest } = itself ? mine : inherited(mine);
  if (given["HOST"] === "ec2" && ec2 === undefined)
    throw new Error(
      "nothing was written: the file that it would be written from has no recoloca:ec2, so nobody knows the instance type\n  in it: pulumi config set --path recoloca:ec2.instanceType t4g.small",
    );
  const others = Object.fromEntries(Object.entries(config ?? {}).filter(([key]) => !key.startsWith(`${NAMESPACE}:`)));
  const server =
    given["HOST"] === "ec2"
      ? {
          ...without(rest, OF_AN_OWN_SERVER),
          ec2: { ...withoutZone(ec2 as Config, given["DOMAIN"]!), region: given["REGION"], sshFrom: [given["SSH_FROM"]] },
          createBackupBucket: createBackupBucket ?? {},
        }
      : { ...rest, hostAddress: given["ADDRESS"] };
  const own = { ...server, application: given["APPLICATION"], repository: given["REPOSITORY"], domain: given["DOMAIN"] };
  const named = Object.fromEntries(Object.entries(own).map(([key, value]) => [`${NAMESPACE}:${key}`, value]));
  const text = { ...(itself && head), config: { ...(itself && others), ...named } };
  return `# ${given["NAME"]}: answers at ${given["DOMAIN"]}. Every key: docs/configuration.md.\n${stringify(text, YAML_OF_PULUMI)}`;
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
