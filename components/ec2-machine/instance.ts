/** The instance itself, which may be made anew at any time: whatever stays is beside it. */
import { Instance } from "@pulumi/aws/ec2/instance.js";
import type { InstanceProfile } from "@pulumi/aws/iam/instanceProfile.js";
import * as pulumi from "@pulumi/pulumi";
import { neverSmaller } from "../never-smaller.ts";
import type { Remember } from "../remembered.ts";
import { architectureOf, newestImage, type ImageName } from "./image.ts";
import type { Firewall, Place } from "./network.ts";
import { offeredThere, type Offer } from "./offered-there.ts";
import { refuseOtherSystem, type System } from "./system.ts";

interface Wish {
  readonly region: string;
  readonly instanceType: string;
  readonly image: ImageName;
  /** Id of an image in place of the newest one. */
  readonly ami?: string | undefined;
  readonly sessionManager: boolean;
  /** GiB. */
  readonly rootDisk: number;
  readonly protect: boolean;
  readonly generation: number;
}

interface Around {
  readonly place: Place;
  /** Zones of the region that have the type. */
  readonly offered: pulumi.Output<readonly string[]>;
  readonly group: Firewall;
  readonly profile: InstanceProfile;
  /** What has to be there before it may read what it begins with. */
  readonly rights: readonly pulumi.Resource[];
  /** What it does at its first start. */
  readonly boot: pulumi.Output<string>;
}

type Options = pulumi.CustomResourceOptions & pulumi.InvokeOptions;

export function machine(name: string, wish: Wish, { place, offered, group, profile, rights, boot }: Around, remember: Remember, opts: Options): Instance {
  const { region, instanceType, protect, generation } = wish;
  const architecture = architectureOf(instanceType, opts);
  const system = remember(
    "system",
    architecture.apply((one) => JSON.stringify({ image: wish.ami ?? wish.image, architecture: one } satisfies System)),
    generation,
  );
  let offer: Offer = { region, zones: [], here: "" };
  const isOffered = offeredThere(() => offer);
  // As AWS has it: known to the preview, where AWS would say it in the middle of an update.
  const grows = neverSmaller("ec2.rootDisk", ({ rootBlockDevice }) => (rootBlockDevice as { readonly volumeSize?: unknown } | undefined)?.volumeSize);
  return new Instance(
    name,
    {
      ami: remember("image", wish.ami ?? newestImage(wish.image, architecture, opts), generation),
      instanceType: pulumi.all([system, architecture, offered, place.availabilityZone]).apply(([there, now, zones, here]) => {
        offer = { region, zones, here };
        refuseOtherSystem(JSON.parse(there) as System, { instanceType, architecture: now, sessionManager: wish.sessionManager, generation });
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
      rootBlockDevice: { encrypted: true, volumeType: "gp3", volumeSize: wish.rootDisk, deleteOnTermination: true },
      maintenanceOptions: { autoRecovery: "default" },
      tags: { Name: name },
    },
    {
      ...opts,
      protect,
      hooks: { ...opts.hooks, beforeCreate: isOffered.beforeCreate!, beforeUpdate: [...grows.beforeUpdate!, ...isOffered.beforeUpdate!] },
      dependsOn: [...rights, ...place.ways, ...group.ways],
      // The data disk can be attached to one instance only.
      deleteBeforeReplace: true,
      replacementTrigger: generation,
      ignoreChanges: ["associatePublicIpAddress"],
    },
  );
}
