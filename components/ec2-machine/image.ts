/** The distribution's own image: by its publisher's account and the pattern of its name, never by a name alone, which anybody may use. */
import { getAmi } from "@pulumi/aws/ec2/getAmi.js";
import { getInstanceType } from "@pulumi/aws/ec2/getInstanceType.js";
import * as pulumi from "@pulumi/pulumi";
import { lookedUp } from "../aws-errors.ts";

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

/** Id of the newest image of the distribution that the instance type can run. */
export function newestImage(name: ImageName, instanceType: string, opts: pulumi.InvokeOptions): pulumi.Output<string> {
  const { owner, pattern } = IMAGES[name];
  const architecture = lookedUp(`instance type ${instanceType}`, getInstanceType({ instanceType }, opts)).apply(({ supportedArchitectures: all }) => {
    const known = all.find((one) => one in ARCHITECTURES);
    if (known === undefined) throw new pulumi.RunError(`instance type ${instanceType} has architecture ${all.join(", ")}; x86_64 or arm64 is wanted`);
    return known;
  });
  return architecture.apply((one) => {
    const filters = [
      { name: "name", values: [pattern.replace("{}", ARCHITECTURES[one]!)] },
      { name: "architecture", values: [one] },
      { name: "virtualization-type", values: ["hvm"] },
    ];
    return lookedUp(`the newest image of ${name} for ${one}`, getAmi({ owners: [owner], mostRecent: true, filters }, opts)).id;
  });
}
