/** The distribution's own image: by its publisher's account and the pattern of its name, never by a name alone, which anybody may use. */
import { getAmi } from "@pulumi/aws/ec2/getAmi.js";
import { getInstanceType } from "@pulumi/aws/ec2/getInstanceType.js";
import * as pulumi from "@pulumi/pulumi";
import { lookedUp } from "../aws-errors.ts";
import { Refusal } from "../refusal.ts";

interface Published {
  /** The publisher's account. */
  readonly owner: string;
  /** `{}` is the architecture, in the publisher's word for it. */
  readonly pattern: string;
}

const IMAGES = {
  // https://wiki.debian.org/Cloud/AmazonEC2Image
  "debian-13": { owner: "136693071363", pattern: "debian-13-{}-*" },
  // https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/
  "ubuntu-24.04": { owner: "099720109477", pattern: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{}-server-*" },
} as const satisfies Record<string, Published>;

export type ImageName = keyof typeof IMAGES;

/** AWS's word to the publishers'. */
const ARCHITECTURES: Record<string, string> = { x86_64: "amd64", arm64: "arm64" };

/** In AWS's word: `x86_64`, `arm64`. */
export const architectureOf = (instanceType: string, opts: pulumi.InvokeOptions): pulumi.Output<string> =>
  lookedUp(`instance type ${instanceType}`, getInstanceType({ instanceType }, opts)).apply((said) => usable(instanceType, said));

/** Its architecture. Throws where a machine of that type could not be ours. Pure. */
export function usable(instanceType: string, said: { readonly supportedArchitectures: readonly string[]; readonly ebsNvmeSupport: string }): string {
  const { supportedArchitectures: all, ebsNvmeSupport: nvme } = said;
  const known = all.find((one) => one in ARCHITECTURES);
  if (known === undefined) throw new Refusal(`instance type ${instanceType} has architecture ${all.join(", ")}; x86_64 or arm64 is wanted`);
  // By which it finds its data disk at its first start.
  if (nvme !== "required" && nvme !== "supported")
    throw new Refusal(
      `instance type ${instanceType} has no disks by NVMe, by which the data disk is found; one of AWS's Nitro types has: pulumi config set --path recoloca:ec2.instanceType t3.small`,
    );
  return known;
}

/** Id of the newest image of the distribution. `architecture`: in AWS's word. */
export function newestImage(name: ImageName, architecture: pulumi.Output<string>, opts: pulumi.InvokeOptions): pulumi.Output<string> {
  const { owner, pattern } = IMAGES[name];
  return architecture.apply((one) => {
    const filters = [
      { name: "name", values: [pattern.replace("{}", ARCHITECTURES[one]!)] },
      { name: "architecture", values: [one] },
      { name: "virtualization-type", values: ["hvm"] },
    ];
    return lookedUp(`the newest image of ${name} for ${one}`, getAmi({ owners: [owner], mostRecent: true, filters }, opts)).id;
  });
}
