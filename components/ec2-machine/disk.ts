/** The data disk, which outlives the instance: made once, or taken over from an earlier stack. */
import { Volume } from "@pulumi/aws/ebs/volume.js";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { neverSmaller } from "../never-smaller.ts";

interface Disk {
  readonly zone: pulumi.Input<string>;
  /** GiB. */
  readonly size: number;
  /** Id of the one that is there. @default a new one */
  readonly there?: string | undefined;
  readonly protect: boolean;
  /** Whether it stays at AWS when the stack is destroyed. */
  readonly stays: boolean;
}

export const dataDisk = (name: string, { zone, size, there, protect, stays }: Disk, opts: pulumi.CustomResourceOptions): Volume =>
  new Volume(
    `${name}-data`,
    { availabilityZone: zone, size, type: "gp3", encrypted: true, tags: { Name: `${name}-data` } },
    {
      ...opts,
      protect,
      retainOnDelete: stays,
      hooks: { ...opts.hooks, ...neverSmaller("ec2.dataDisk", (disk) => disk.size) },
      ...(there !== undefined && { import: there }),
    },
  );

/** To one instance only. */
export const attached = (name: string, volume: Volume, instanceId: pulumi.Input<string>, opts: pulumi.CustomResourceOptions): VolumeAttachment =>
  new VolumeAttachment(
    `${name}-data`,
    { instanceId, volumeId: volume.id, deviceName: "/dev/sdf", stopInstanceBeforeDetaching: true },
    { ...opts, deleteBeforeReplace: true },
  );
