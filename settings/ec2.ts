/** How a server at AWS is configured: what is wanted of it, and what it may cost. */
import * as z from "zod";

export const IMAGES = ["debian-13", "ubuntu-24.04"] as const;

const range = z.union([z.cidrv4(), z.cidrv6()], "wants a range of addresses: 203.0.113.0/24");
const gibibytes = (least: number, fallback: number) => z.number().int().min(least, `wants at least ${least} GiB`).max(16_384).default(fallback);

const ACCOUNT = "wants the account's number, 12 digits: 123456789012";
/** `pulumi config set --path` makes a number of it. */
const account = z
  .union([z.string(), z.number()], ACCOUNT)
  .transform(String)
  .pipe(z.string().regex(/^\d{12}$/, ACCOUNT));

/** China's and governments' regions are partitions of their own: other addresses of services, other names of what AWS has in each account. */
const ELSEWHERE = /^(cn|us-gov|us-iso[a-z]?|eu-isoe)-/;

export const ec2Form = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "wants a region of AWS: eu-central-1")
    .refine(
      (region) => !ELSEWHERE.test(region),
      "wants a region of AWS that is neither China's nor a government's, which have addresses of their own: eu-central-1",
    ),
  account: account.optional(),
  instanceType: z.string().regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, "wants an instance type of AWS: t4g.small"),
  image: z.enum(IMAGES).default("debian-13"),
  ami: z
    .string()
    .regex(/^ami-[0-9a-f]{8,17}$/, "wants an image's id: ami-0123456789abcdef0")
    .optional(),
  subnet: z
    .string()
    .regex(/^subnet-[0-9a-f]{8,17}$/, "wants a subnet's id: subnet-0123456789abcdef0")
    .optional(),
  sshFrom: z.array(range).default([]),
  reach: z.enum(["direct", "session-manager"]).default("direct"),
  rootDisk: gibibytes(8, 20),
  dataDisk: gibibytes(10, 40),
  dataVolume: z
    .string()
    .regex(/^vol-[0-9a-f]{8,17}$/, "wants a volume's id: vol-0123456789abcdef0")
    .optional(),
  zone: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "wants the name of a hosted zone: recoloca.ai")
    .optional(),
  // Source: AWS's page on tagging, which characters every service takes.
  owner: z
    .string()
    .regex(/^[\p{L}\p{N} +\-=._:/@]{1,256}$/u, "wants a tag's value, letters, digits, spaces and + - = . _ : / @, 256 at most: ops@recoloca.ai")
    .optional(),
  protect: z.boolean().optional(),
  generation: z.number().int().min(1).default(1),
});
export type Ec2 = z.output<typeof ec2Form>;
