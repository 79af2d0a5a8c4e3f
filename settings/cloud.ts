/** What a stack has at AWS, from its configuration: the account, the machine, the bucket, what watches it. Pure. */
import type * as z from "zod";
import { stackName } from "../release/plan.ts";
import { NUMBER, wildcardOf } from "../release/review.ts";
import type { backupBucketForm } from "./backup.ts";
import type { BackupBucketWish } from "./backup-bucket.ts";
import type { Ec2 } from "./ec2.ts";
import { cloudWatchOf, type CloudWatchSettings, type Observability } from "./observability.ts";
import { noted, setCommand, type Problem } from "./problems.ts";
import { namesOf } from "./tls.ts";

/** An environment of that name is guarded like the one that people live on. */
export const PRODUCTION = "production";

export interface CloudSettings {
  readonly account: { region: string; account?: string; application: string; environment: string; owner: string; repository: string };
  readonly machine: {
    application: string;
    environment: string;
    region: string;
    instanceType: string;
    image: Ec2["image"];
    ami?: string;
    subnet?: string;
    /** Whether people and pipelines come to its own public address. */
    byAddress: boolean;
    sshFrom: string[];
    sessionManager: boolean;
    /** Registry of AWS's that its images come from. */
    pullsFrom?: string;
    /** Where runs of GitHub may change what its role may do: buckets that somebody has named. */
    bounded?: { buckets: string[] };
    /** Names that it proves by records of Route 53; `*` where pull requests have numbers. */
    proves: string[];
    rootDisk: number;
    dataDisk: number;
    dataVolume?: string;
    removeData: boolean;
    protect: boolean;
    generation: number;
    domain: string;
    /** Further names that lead to it. */
    names: string[];
    zone?: string;
  };
  readonly backupBucket?: {
    application: string;
    environment: string;
    region: string;
    bucket?: string;
    lock: "compliance" | "governance";
    lockDays: number;
    coldAfterDays: number;
    expireAfterDays: number;
    accessLogs?: string;
  };
  /** One that somebody else made, at AWS, which the server opens by its role. */
  readonly givenBucket?: { application: string; environment: string; bucket: { name: string; region: string; prefix: string; pathStyle: boolean } };
  readonly cloudWatch?: CloudWatchSettings;
}

export interface CloudValues {
  readonly application?: string;
  readonly ec2?: Ec2 | undefined;
  readonly createBackupBucket?: BackupBucketWish | undefined;
  readonly backupBucket?: z.output<typeof backupBucketForm> | undefined;
  readonly backupBucketKeys?: object | undefined;
  readonly domain?: string | undefined;
  readonly routes?: readonly { readonly host?: string | undefined }[] | undefined;
  readonly removeData?: boolean | undefined;
  readonly review?: { readonly host: string } | undefined;
  readonly github?: object | undefined;
  readonly repository?: string | undefined;
  readonly registryServer?: string | undefined;
  readonly hostAddress?: string | undefined;
  readonly hostPort?: number | undefined;
  readonly observability?: Observability | undefined;
  readonly tls?: { readonly acme?: { readonly dns?: string | undefined } | undefined } | undefined;
}

/** Names that are proven by records of Route 53: its own, and those of pull requests' environments, whose number is any. */
const provenOf = (values: CloudValues): string[] =>
  values.tls?.acme?.dns === "route53" ? [...namesOf(values), ...(values.review ? [values.review.host.replace(NUMBER, "*")] : [])] : [];

const isIn = (zone: string, name: string) => name === zone || name.endsWith(`.${zone}`);

/** AWS's own registry: its login comes from the instance's role. */
export const isEcr = (server: string | undefined) => /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com$/.test(server ?? "");

export function cloudSettings(values: CloudValues, environment: string): CloudSettings | undefined {
  const { application = "recoloca", ec2, createBackupBucket: wish, domain = "", repository = "", registryServer, observability } = values;
  if (!ec2) return undefined;
  const { region, account, owner, reach, protect = environment === PRODUCTION, ami, subnet, dataVolume, zone, sshFrom, ...machine } = ec2;
  const both = { application, environment };
  const lock = wish?.lock ?? (environment === PRODUCTION ? "compliance" : "governance");
  return {
    account: { region, ...(account !== undefined && { account }), ...both, owner: owner ?? repository.split("/")[0]!, repository },
    machine: {
      ...both,
      ...machine,
      region,
      ...(ami !== undefined && { ami }),
      ...(subnet !== undefined && { subnet }),
      ...(dataVolume !== undefined && { dataVolume }),
      ...(zone !== undefined && { zone }),
      // A bastion comes there too, unless it knows another one.
      byAddress: reach !== "session-manager" && values.hostAddress === undefined,
      // A tunnel of Session Manager wants no open port, whoever came by one before.
      sshFrom: reach === "session-manager" ? [] : sshFrom,
      sessionManager: reach === "session-manager",
      ...(isEcr(registryServer) && { pullsFrom: registryServer! }),
      ...(values.github && { bounded: { buckets: [wish?.name, values.backupBucket?.name].filter((name) => name !== undefined) } }),
      proves: provenOf(values),
      protect,
      removeData: values.removeData ?? false,
      domain,
      names: values.review ? [wildcardOf(values.review)] : [],
    },
    ...(wish && {
      backupBucket: {
        ...both,
        region,
        ...(wish.name !== undefined && { bucket: wish.name }),
        ...(wish.accessLogs !== undefined && { accessLogs: wish.accessLogs }),
        lock,
        lockDays: wish.lockDays ?? (lock === "compliance" ? 30 : 7),
        coldAfterDays: wish.coldAfter,
        expireAfterDays: wish.expireAfter,
      },
    }),
    ...(values.backupBucket &&
      !values.backupBucketKeys &&
      values.backupBucket.endpoint === undefined && { givenBucket: { ...both, bucket: withoutEndpoint(values.backupBucket) } }),
    ...(observability?.to === "cloudwatch" && { cloudWatch: cloudWatchOf(observability, { ...both, region }) }),
  };
}

const withoutEndpoint = ({ endpoint: _, ...bucket }: z.output<typeof backupBucketForm>) => bucket;

/** What Pulumi adds to a name of which there may be several: a dash and seven digits. */
const ADDED = "-0123456".length;

/** What is made of application and stack has to be a name to AWS, too: it would say so in the middle of the first update. */
function checkNames({ application = "recoloca", createBackupBucket: wish, github }: CloudValues, environment: string): Problem[] {
  const full = stackName({ application, environment });
  const fix = `a shorter name, before the first pulumi up: ${setCommand("application", "shop")}
or of the stack: pulumi stack rename staging`;
  const [most, of] = [
    [64 - ADDED, "the server's role"] as const,
    ...(github ? [[64 - "-infrastructure".length, "the role of infrastructure runs"] as const] : []),
    ...(wish && wish.name === undefined ? [[63 - "-backups".length - ADDED, "the bucket for backups"] as const] : []),
  ].sort(([one], [other]) => one - other)[0]!;
  return [
    ...(full.length > most
      ? [
          {
            key: "application",
            says: `got "${application}", with the stack's name ${full}: ${full.length} characters, and AWS takes ${most} of the name of ${of}`,
            fix,
          },
        ]
      : []),
  ];
}

/** The range that the person who reads it comes from; the shell is to fill it in. */
const HERE = `pulumi config set --path 'recoloca:ec2.sshFrom[0]' "$(curl -s https://checkip.amazonaws.com)/32"`;

/** What can only be seen with several values side by side. `given`: keys that the stack's file has; `unread`: what of it cannot be read. */
export function checkCloud(values: CloudValues, environment: string, given: ReadonlySet<string>, unread: ReadonlySet<string> = new Set()): Problem[] {
  const { problems, say } = noted();
  const { ec2, createBackupBucket: wish, domain } = values;
  // Of a server that is there all three are set; one of these alone is a way to one at AWS, or left over.
  const both = given.has("ec2") && given.has("hostAddress") && given.has("hostKey");
  if (both) say("ec2", "and a server that is there, recoloca:hostAddress and hostKey, are both set: one server is wanted", "pulumi config rm recoloca:ec2");
  if (!ec2 && given.has("ec2")) return problems;
  if (!ec2 && values.tls?.acme?.dns === "route53")
    say(
      "tls.acme.dns",
      "wants a server at AWS that the stack makes, whose role may write the record: without it the name is proven on port 80",
      "pulumi config rm --path recoloca:tls.acme.dns",
    );
  if (!ec2) {
    if (wish)
      say(
        "createBackupBucket",
        "wants a server at AWS, whose role may write to it; a server of your own names a bucket that is there",
        `pulumi config rm recoloca:createBackupBucket\n${setCommand("backupBucket.name", "BUCKET")}`,
      );
    return problems;
  }
  problems.push(...checkNames(values, environment));
  for (const key of ["hostKey", "sshPrivateKey"])
    if (given.has(key) && !both) say(key, "is made by the stack where recoloca:ec2 is set", `pulumi config rm recoloca:${key}`);
  if (domain === undefined) say("domain", "is missing: a server at AWS is known by a name, not by an address", setCommand("domain", "staging.recoloca.ai"));
  if (values.repository === undefined)
    say(
      "repository",
      "is missing: it is written on everything at AWS, so that whoever finds it knows whose it is",
      setCommand("repository", "recoloca/recoloca"),
    );
  if (ec2.zone !== undefined && domain !== undefined && !isIn(ec2.zone, domain))
    say("ec2.zone", `got "${ec2.zone}", which does not hold ${domain}`, setCommand("ec2.zone", domain.split(".").slice(-2).join(".")));
  if (ec2.reach === "direct" && ec2.sshFrom.length === 0 && values.hostAddress === undefined)
    say("ec2.sshFrom", "is missing: nobody could reach the server, the deploy neither", HERE);
  if (ec2.reach === "direct" && !given.has("bastion") && ec2.sshFrom.length > 0 && ec2.sshFrom.every((range) => range.includes(":")))
    say("ec2.sshFrom", "has ranges of IPv6 alone, and the server answers by IPv4: nobody could reach it", HERE.replace("[0]", `[${ec2.sshFrom.length}]`));
  if (ec2.reach === "session-manager" && ec2.image === "debian-13")
    say("ec2.image", 'got "debian-13", whose image has no agent of Session Manager; "ubuntu-24.04" has', setCommand("ec2.image", "ubuntu-24.04"));
  if (ec2.zone === undefined && !unread.has("ec2.zone") && values.tls?.acme?.dns === "route53")
    say(
      "tls.acme.dns",
      "wants the zone that is to prove it: recoloca:ec2.zone",
      setCommand("ec2.zone", domain?.split(".").slice(-2).join(".") ?? "recoloca.ai"),
    );
  for (const name of ec2.zone === undefined ? [] : provenOf(values))
    // What is wrong with the domain and with review.host is said of these.
    if (name !== domain && name !== values.review?.host.replace(NUMBER, "*") && !isIn(ec2.zone!, name))
      say(
        "tls.acme.dns",
        `got "route53", and the zone ${ec2.zone}, whose records this server may write, does not hold ${name}: without it names are proven on port 80`,
        "pulumi config rm --path recoloca:tls.acme.dns",
      );
  if (ec2.reach === "session-manager" && values.hostAddress === undefined)
    say("hostAddress", "is missing: with Session Manager the server is where the tunnel begins", setCommand("hostAddress", "127.0.0.1"));
  // Its own 22 is this machine's, or root's alone.
  if (ec2.reach === "session-manager" && !given.has("hostPort") && !given.has("bastion"))
    say("hostPort", "is missing: with Session Manager the port of this machine at which the tunnel begins", setCommand("hostPort", "2222"));
  // A tunnel may begin at any port; the server itself listens on one, and its firewall opens no other.
  if (ec2.reach === "direct" && values.hostAddress === undefined && values.hostPort !== undefined && values.hostPort !== 22)
    say(
      "hostPort",
      `got ${values.hostPort}, and a server at AWS that the stack makes listens on 22 alone`,
      `pulumi config rm recoloca:hostPort\nor, where a tunnel to it begins there: ${setCommand("hostAddress", "127.0.0.1")}`,
    );
  if (wish && given.has("backupBucket"))
    say("createBackupBucket", "and recoloca:backupBucket are both set: one bucket is wanted", "pulumi config rm recoloca:backupBucket");
  if (wish && !given.has("backup")) say("backup", "is missing: a bucket is made, and nothing is backed up", setCommand("backup.service", "SERVICE"));
  if (wish && wish.coldAfter >= wish.expireAfter)
    say(
      "createBackupBucket.coldAfter",
      `got ${wish.coldAfter} days, and backups are removed after ${wish.expireAfter}`,
      setCommand("createBackupBucket.coldAfter", "30"),
    );
  if (wish?.lockDays !== undefined && wish.lockDays > wish.expireAfter)
    say(
      "createBackupBucket.lockDays",
      `got ${wish.lockDays} days, and backups are to be removed after ${wish.expireAfter}`,
      setCommand("createBackupBucket.lockDays", "30"),
    );
  return problems;
}
