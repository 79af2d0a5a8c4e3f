/**
 * A server at AWS, from nothing: network, address, firewall, identity, keys, disks, and the instance. The instance may be made
 * anew at any time: its address, its host key and its data stay.
 */
import { Volume } from "@pulumi/aws/ebs/volume.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { EipAssociation } from "@pulumi/aws/ec2/eipAssociation.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment.js";
import type { Role } from "@pulumi/aws/iam/role.js";
import type { Provider } from "@pulumi/aws/provider.js";
import { Record } from "@pulumi/aws/route53/record.js";
import { getZone } from "@pulumi/aws/route53/getZone.js";
import * as pulumi from "@pulumi/pulumi";
import { PrivateKey } from "@pulumi/tls/privateKey.js";
import { stackName } from "../../release/plan.ts";
import { explained, lookedUp } from "../aws-errors.ts";
import { type Home, refuseToMove } from "../aws-home.ts";
import { neverSmaller } from "../never-smaller.ts";
import { remembered } from "../remembered.ts";
import { identity } from "./identity.ts";
import { architectureOf, newestImage, type ImageName } from "./image.ts";
import { firewall, firstOf, ownNetwork, subnetThatIsThere, zoneOf, zonesOf } from "./network.ts";
import { offeredThere, type Offer } from "./offered-there.ts";
import { refuseOtherSystem, type System } from "./system.ts";
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
  /** A public subnet that is there. @default a network of its own */
  readonly subnet?: string;
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
    const { application, environment, region, instanceType, generation, protect, domain } = args;
    const full = stackName(args);
    const own = { parent: this, provider: args.provider, hooks: explained() };
    const tags = { Name: full };
    /** What was decided once stays until the next generation: nothing newer replaces a running machine by surprise. */
    const remember = (what: string, value: pulumi.Input<string>, once?: number) =>
      remembered(`${name}-${what}`, value, { parent: this, ...(once !== undefined && { replacementTrigger: once }) });
    const hostKey = new PrivateKey(`${name}-host-key`, { algorithm: "ED25519" }, { parent: this });
    const deployKey = new PrivateKey(`${name}-deploy-key`, { algorithm: "ED25519" }, { parent: this });
    const publicHostKey = hostKey.publicKeyOpenssh.apply((key) => key.trim());

    const there = args.dataVolume === undefined ? undefined : zoneOf(args.dataVolume, args.dataDisk, own);
    const offered = zonesOf(instanceType, own);
    const place = args.subnet === undefined ? ownNetwork(full, there ?? offered.apply(firstOf), remember, own) : subnetThatIsThere(args.subnet, remember, own);
    const homeIn = (one: string): Home => ({ application, environment, region, zone: one, volume: args.dataVolume });
    const first = remember(
      "home",
      pulumi.output(there ?? place.availabilityZone).apply((one) => JSON.stringify(homeIn(one))),
    );
    // On the way to the disk, so that nothing is asked of it before.
    const zone = pulumi.all([first, place.availabilityZone]).apply(([was, now]) => {
      refuseToMove(JSON.parse(was) as Home, homeIn(now));
      return now;
    });
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
    const data = new Volume(
      `${full}-data`,
      { availabilityZone: zone, size: args.dataDisk, type: "gp3", encrypted: true, tags: { Name: `${full}-data` } },
      {
        ...own,
        protect,
        retainOnDelete: protect || !args.removeData,
        hooks: { ...own.hooks, ...neverSmaller("ec2.dataDisk", ({ size }) => size) },
        ...(args.dataVolume !== undefined && { import: args.dataVolume }),
      },
    );
    const boot = pulumi
      .all([parameter.name, publicHostKey, deployKey.publicKeyOpenssh, data.id])
      .apply(([hostKeyParameter, key, publicKey, volume]) =>
        userData({ region, hostKeyParameter, hostKey: key, user: USER, publicKey: publicKey.trim(), volume }),
      );
    const architecture = architectureOf(instanceType, own);
    const system = remember(
      "system",
      architecture.apply((one) => JSON.stringify({ image: args.ami ?? args.image, architecture: one } satisfies System)),
      generation,
    );
    let offer: Offer = { zones: [], here: "" };
    const grows = neverSmaller("ec2.rootDisk", ({ rootBlockDevice }) => (rootBlockDevice as { readonly volumeSize?: unknown } | undefined)?.volumeSize);
    const isOffered = offeredThere(() => offer);
    const instance = new Instance(
      full,
      {
        ami: remember("image", args.ami ?? newestImage(args.image, architecture, own), generation),
        instanceType: pulumi.all([system, architecture, offered, place.availabilityZone]).apply(([there, now, zones, here]) => {
          offer = { zones, here };
          refuseOtherSystem(JSON.parse(there) as System, { instanceType, architecture: now, sessionManager: args.sessionManager, generation });
          return instanceType;
        }),
        subnetId: place.subnetId,
        vpcSecurityGroupIds: [group.id],
        iamInstanceProfile: profile.name,
        userData: remember("first-boot", boot, generation),
        // Until its own address is associated it needs one to reach the package archive.
        associatePublicIpAddress: true,
        disableApiTermination: protect,
        // Against a hand at AWS. Here `protect` stands before it, and is lifted with the same update that replaces it.
        forceDestroy: true,
        // One hop: containers cannot become the instance.
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        rootBlockDevice: { encrypted: true, volumeType: "gp3", volumeSize: args.rootDisk, deleteOnTermination: true },
        maintenanceOptions: { autoRecovery: "default" },
        tags,
      },
      // The data disk can be attached to one instance only.
      {
        ...own,
        // As AWS has it: known to the preview, where AWS would say it in the middle of an update.
        protect,
        hooks: { ...own.hooks, beforeCreate: isOffered.beforeCreate!, beforeUpdate: [...grows.beforeUpdate!, ...isOffered.beforeUpdate!] },
        dependsOn: [...rights, ...place.ways, ...group.ways],
        deleteBeforeReplace: true,
        replacementTrigger: generation,
        ignoreChanges: ["associatePublicIpAddress"],
      },
    );
    const attachment = new VolumeAttachment(
      `${full}-data`,
      { instanceId: instance.id, volumeId: data.id, deviceName: "/dev/sdf", stopInstanceBeforeDetaching: true },
      { ...own, deleteBeforeReplace: true },
    );
    const eip = new Eip(full, { domain: "vpc", tags }, { ...own, protect });
    const association = new EipAssociation(full, { allocationId: eip.id, instanceId: instance.id }, { ...own, deleteBeforeReplace: true });
    // Not before it is this instance that answers there, with its data: an old one would answer for it.
    const address = pulumi.all([eip.publicIp, association.id, attachment.id]).apply(([ip]) => ip);
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
    this.dnsRecord = eip.publicIp.apply((address) => [domain, ...args.names].map((what) => `${what}. A ${address}`).join(", "));
    if (zoneId) {
      const lead = (resource: string, what: string) => new Record(resource, { zoneId, name: what, type: "A", ttl: 300, records: [eip.publicIp] }, own);
      lead(full, domain);
      for (const what of args.names) lead(`${full}-${what}`, what);
    }
    this.registerOutputs({ address, dnsRecord: this.dnsRecord });
  }
}
