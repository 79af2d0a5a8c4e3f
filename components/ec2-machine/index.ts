/**
 * A server at AWS, from nothing: network, address, firewall, identity, keys, disks, and the instance. The instance may be made
 * anew at any time: its address, its host key and its data stay.
 */
import type { Role } from "@pulumi/aws/iam/role.js";
import type { Provider } from "@pulumi/aws/provider.js";
import { getZone } from "@pulumi/aws/route53/getZone.js";
import * as pulumi from "@pulumi/pulumi";
import { PrivateKey } from "@pulumi/tls/privateKey.js";
import { stackName } from "../../release/plan.ts";
import { explained, lookedUp } from "../aws-errors.ts";
import { type Home, refuseToMove } from "../aws-home.ts";
import { remembered, type Remember } from "../remembered.ts";
import { fixedAddress, leadTo } from "./address.ts";
import { attached, dataDisk } from "./disk.ts";
import { identity } from "./identity.ts";
import type { ImageName } from "./image.ts";
import { machine } from "./instance.ts";
import { firewall, firstOf, ownNetwork, subnetThatIsThere, zoneOf, zonesOf, type Place } from "./network.ts";
import { DATA, DATA_LABEL, userData } from "./user-data.ts";
import { whenSilent } from "./when-silent.ts";

export interface Ec2MachineArgs {
  readonly provider: Provider;
  readonly application: string;
  readonly environment: string;
  readonly region: string;
  readonly instanceType: string;
  readonly image: ImageName;
  /** Id of an image in place of the newest one. */
  readonly ami?: string;
  /** A subnet that is there, a public one where it is reached `byAddress`. @default a network of its own */
  readonly subnet?: string;
  /** Whether people and pipelines come to its own public address, not to where a tunnel begins. */
  readonly byAddress: boolean;
  /** Ranges that SSH is open to. @default none */
  readonly sshFrom: readonly string[];
  /** Whether people and pipelines come by Session Manager. */
  readonly sessionManager: boolean;
  /** Registry of AWS's that its images come from: `123456789012.dkr.ecr.sa-east-1.amazonaws.com`. @default another one, with a login of its own */
  readonly pullsFrom?: string;
  /** Set where runs of GitHub may change what its role may do: names of buckets for backups that somebody has chosen. */
  readonly bounded?: { readonly buckets: readonly string[] };
  /** Names that it proves by records in the zone, `*` where pull requests have numbers. @default none, it proves them otherwise */
  readonly proves: readonly string[];
  /** GiB. */
  readonly rootDisk: number;
  readonly dataDisk: number;
  /** Id of a data disk that is there, of an earlier stack of this name. @default a new one */
  readonly dataVolume?: string;
  /** Whether the data disk goes when the stack is destroyed. */
  readonly removeData: boolean;
  /** Neither the instance nor its data can be destroyed by mistake. */
  readonly protect: boolean;
  /** Another number makes the instance anew, from the newest image. */
  readonly generation: number;
  /** Host name that its address is published under. */
  readonly domain: string;
  /** Further names, also `*.of.them`, that lead to it. */
  readonly names: readonly string[];
  /** Name of the hosted zone that holds the domain. @default the record is made by hand */
  readonly zone?: string;
}

const USER = "recoloca";
/** Seconds from an instance's creation to its first login. */
const STARTS_WITHIN = 420;

export class Ec2Machine extends pulumi.ComponentResource {
  /** How it is reached: what `Host` wants to know. */
  readonly access: {
    readonly address: pulumi.Output<string>;
    readonly user: string;
    readonly hostKey: pulumi.Output<string>;
    readonly privateKey: pulumi.Output<string>;
    readonly patience: number;
    readonly whenSilent: pulumi.Output<string>;
    readonly dataDisk: pulumi.Output<{ readonly label: string; readonly place: string; readonly size: number }>;
  };
  /** What it may do; others add to it. */
  readonly role: Role;
  /** What is on it goes with it: nobody has to reach it for that. */
  readonly resource: pulumi.Resource;
  /** Its id, where a tunnel of Session Manager leads to. */
  readonly instance: pulumi.Output<string>;
  /** The record to make where the zone is not ours. */
  readonly dnsRecord: pulumi.Output<string>;

  constructor(name: string, args: Ec2MachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:Ec2Machine", name, { instanceType: args.instanceType }, opts);
    const { application, environment, region, instanceType, protect } = args;
    const full = stackName(args);
    const own = { parent: this, provider: args.provider, hooks: explained() };
    /** What was decided once stays until the next generation: nothing newer replaces a running machine by surprise. */
    const remember: Remember = (what, value, once) =>
      remembered(`${name}-${what}`, value, { parent: this, ...(once !== undefined && { replacementTrigger: once }) });
    const hostKey = new PrivateKey(`${name}-host-key`, { algorithm: "ED25519" }, { parent: this });
    const deployKey = new PrivateKey(`${name}-deploy-key`, { algorithm: "ED25519" }, { parent: this });
    const publicHostKey = hostKey.publicKeyOpenssh.apply((key) => key.trim());

    const there = args.dataVolume === undefined ? undefined : zoneOf(args.dataVolume, args.dataDisk, own);
    const offered = zonesOf(instanceType, own);
    const place =
      args.subnet === undefined
        ? ownNetwork(full, there ?? offered.apply(firstOf), remember, own)
        : subnetThatIsThere(args.subnet, args.byAddress, remember, own);
    const zoneId =
      args.zone === undefined ? undefined : lookedUp(`the zone ${args.zone}`, getZone({ name: args.zone }, { parent: this, provider: args.provider })).zoneId;
    const { role, profile, parameter, rights } = identity(
      full,
      {
        hostKey: hostKey.privateKeyOpenssh,
        path: `/${application}/${environment}`,
        sessionManager: args.sessionManager,
        pullsFrom: args.pullsFrom,
        bounds: args.bounded && { ...args.bounded, region, application, environment },
        proves: zoneId && args.proves.length > 0 ? { zoneId, names: args.proves } : undefined,
      },
      own,
    );
    const group = firewall(full, place.vpcId, args.sshFrom, own);
    const data = dataDisk(
      full,
      { zone: zoneAtHome(args, place, there, remember), size: args.dataDisk, there: args.dataVolume, protect, stays: protect || !args.removeData },
      own,
    );
    const boot = pulumi
      .all([parameter.name, publicHostKey, deployKey.publicKeyOpenssh, data.id])
      .apply(([hostKeyParameter, key, publicKey, volume]) =>
        userData({ region, hostKeyParameter, hostKey: key, user: USER, publicKey: publicKey.trim(), volume }),
      );
    const instance = machine(full, args, { place, offered, group, profile, rights, boot }, remember, own);
    const attachment = attached(full, data, instance.id, own);
    const { ip, association } = fixedAddress(full, instance.id, protect, own);
    if (zoneId) leadTo(ip, zoneId, full, args, own);
    // Not before it is this instance that answers there, with its data: an old one would answer for it.
    const address = pulumi.all([ip, association.id, attachment.id]).apply(([at]) => at);
    this.access = {
      address,
      user: USER,
      hostKey: publicHostKey,
      privateKey: pulumi.secret(deployKey.privateKeyOpenssh),
      patience: STARTS_WITHIN,
      // Nobody knocks before this update's machine is there: at the same address the one before would answer, by the key before.
      whenSilent: instance.id.apply(() => whenSilent(args)),
      // Once the disk has that size.
      dataDisk: pulumi.all([data.size, attachment.id]).apply(([size]) => ({ label: DATA_LABEL, place: DATA, size })),
    };
    this.role = role;
    this.resource = instance;
    this.instance = instance.id;
    this.dnsRecord = ip.apply((at) => [args.domain, ...args.names].map((what) => `${what}. A ${at}`).join(", "));
    this.registerOutputs({ address, dnsRecord: this.dnsRecord });
  }
}

/** The data disk's zone, which is also known once it is known that the disk does not move: nothing is asked of it before. */
function zoneAtHome(
  { application, environment, region, dataVolume: volume }: Ec2MachineArgs,
  { availabilityZone }: Place,
  there: pulumi.Output<string> | undefined,
  remember: Remember,
): pulumi.Output<string> {
  const homeIn = (zone: string): Home => ({ application, environment, region, zone, volume });
  const first = remember(
    "home",
    pulumi.output(there ?? availabilityZone).apply((zone) => JSON.stringify(homeIn(zone))),
  );
  return pulumi.all([first, availabilityZone]).apply(([was, now]) => {
    refuseToMove(JSON.parse(was) as Home, homeIn(now));
    return now;
  });
}
