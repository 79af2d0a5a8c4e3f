/** The machine images and instance types that there are to find. A test may put newer images into the world as `aws:ec2/ami:Ami`. */
import type { Place } from "./kinds.ts";
import { isRecord, list, text, type Values } from "./values.ts";

export const AMI = "aws:ec2/ami:Ami";

const DEBIAN = "136693071363";
const CANONICAL = "099720109477";

const image = (id: string, ownerId: string, name: string, architecture: string, creationDate: string): Values => ({
  id,
  imageId: id,
  ownerId,
  name,
  architecture,
  creationDate,
  state: "available",
  public: true,
  virtualizationType: "hvm",
  rootDeviceType: "ebs",
  rootDeviceName: ownerId === CANONICAL ? "/dev/sda1" : "/dev/xvda",
  hypervisor: "xen",
  imageType: "machine",
  enaSupport: true,
  platformDetails: "Linux/UNIX",
  usageOperation: "RunInstances",
});

const CATALOGUE: readonly Values[] = [
  image("ami-0d1a2b3c4d5e6f701", DEBIAN, "debian-13-amd64-20251006-2257", "x86_64", "2025-10-06T08:11:32.000Z"),
  image("ami-0d1a2b3c4d5e6f702", DEBIAN, "debian-13-arm64-20251006-2257", "arm64", "2025-10-06T08:12:07.000Z"),
  image("ami-0d1a2b3c4d5e6f703", DEBIAN, "debian-13-amd64-20261117-2664", "x86_64", "2026-11-17T07:53:10.000Z"),
  image("ami-0d1a2b3c4d5e6f704", DEBIAN, "debian-13-arm64-20261117-2664", "arm64", "2026-11-17T07:53:58.000Z"),
  image("ami-0c9f8e7d6c5b4a301", CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261112", "x86_64", "2026-11-12T05:02:44.000Z"),
  image("ami-0c9f8e7d6c5b4a302", CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261112", "arm64", "2026-11-12T05:03:21.000Z"),
];

export const images = ({ world }: Place): readonly Values[] => [...CATALOGUE, ...world.all(AMI)];

const ALIASES: Readonly<Record<string, string>> = { [DEBIAN]: "debian", [CANONICAL]: "canonical" };

/** `*` and `?` as the API has them. */
const matches = (pattern: string, value: string) =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, ".")}$`,
  ).test(value);

const property = (filter: string) => filter.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

export function getAmi(args: Values, at: Place): Values {
  const owners = list(args["owners"]).map(text);
  const filters = list(args["filters"]).filter(isRecord);
  if (owners.length === 0 && args["allowUnsafeFilter"] !== true && !filters.some((one) => text(one["name"]) === "image-id" || text(one["name"]) === "owner-id"))
    throw new Error("Most Recent Image Not Filtered: filter by owners or by an image id, or set `allowUnsafeFilter`");
  const fits = (one: Values) =>
    (owners.length === 0 || owners.some((owner) => owner === one["ownerId"] || owner === ALIASES[text(one["ownerId"])])) &&
    (typeof args["nameRegex"] !== "string" || new RegExp(args["nameRegex"]).test(text(one["name"]))) &&
    filters.every(({ name, values }) => {
      const held = one[property(text(name))];
      if (held === undefined) throw new Error(`InvalidParameterValue: The filter '${text(name)}' is invalid`);
      return list(values).some((value) => matches(text(value), typeof held === "string" ? held : JSON.stringify(held)));
    });
  const found = images(at)
    .filter(fits)
    .sort((one, other) => text(other["creationDate"]).localeCompare(text(one["creationDate"])));
  if (found.length === 0) throw new Error("Your query returned no results. Please change your search criteria and try again.");
  if (found.length > 1 && args["mostRecent"] !== true)
    throw new Error("Your query returned more than one result. Please try a more specific search criteria, or set `most_recent` attribute to true.");
  return { ...found[0], arn: `arn:aws:ec2:${at.region}::image/${text(found[0]!["id"])}`, region: at.region };
}

/** Virtual processors and GiB of memory by size. Those of a family share their architecture. */
const SIZES: Readonly<Record<string, readonly [number, number]>> = {
  nano: [2, 0.5],
  micro: [2, 1],
  small: [2, 2],
  medium: [2, 4],
  large: [2, 8],
  xlarge: [4, 16],
  "2xlarge": [8, 32],
  "4xlarge": [16, 64],
};
const FAMILIES: Readonly<Record<string, string>> = {
  t3: "x86_64", t3a: "x86_64", m6i: "x86_64", m7i: "x86_64", c7i: "x86_64", t4g: "arm64", m6g: "arm64", m7g: "arm64", m8g: "arm64", c7g: "arm64",
  t2: "x86_64", m4: "x86_64",
}; // prettier-ignore
/** Families of before Nitro: their disks are not NVMe. */
const XEN = ["t2", "m4"];

export function getInstanceType(args: Values): Values {
  const type = text(args["instanceType"]);
  const [family = "", size = ""] = type.split(".");
  const [architecture, dimensions] = [FAMILIES[family], SIZES[size]];
  const tooSmall = !family.startsWith("t") && ["nano", "micro", "small"].includes(size);
  if (!architecture || !dimensions || tooSmall) throw new Error(`InvalidInstanceType: The following supplied instance types do not exist: [${type}]`);
  return {
    id: type,
    supportedArchitectures: [architecture],
    defaultVcpus: dimensions[0],
    memorySize: dimensions[1] * 1024,
    burstablePerformanceSupported: family.startsWith("t"),
    currentGeneration: true,
    autoRecoverySupported: true,
    ebsEncryptionSupport: "supported",
    ebsNvmeSupport: XEN.includes(family) ? "unsupported" : "required",
    ebsOptimizedSupport: "default",
    enaSupport: "required",
    hypervisor: XEN.includes(family) ? "xen" : "nitro",
    ipv6Supported: true,
    supportedRootDeviceTypes: ["ebs"],
    supportedVirtualizationTypes: ["hvm"],
  };
}

/** AWS has new ones not in every zone of a region. */
const NOT_IN_A = ["m8g"];

/** Where a type is offered. */
export function getInstanceTypeOfferings(args: Values, { region }: Place): Values {
  const wanted = list(args["filters"])
    .filter(isRecord)
    .flatMap((filter) => (text(filter["name"]) === "instance-type" ? list(filter["values"]).map(text) : []));
  const byZone = text(args["locationType"]) === "availability-zone";
  const places = byZone ? ["a", "b", "c"].map((zone) => `${region}${zone}`) : [region];
  const offered = wanted.filter((type) => FAMILIES[type.split(".")[0] ?? ""] && SIZES[type.split(".")[1] ?? ""]);
  const has = (type: string, place: string) => !(byZone && place.endsWith("a") && NOT_IN_A.includes(type.split(".")[0]!));
  const pairs = offered.flatMap((type) => places.filter((place) => has(type, place)).map((place) => [type, place] as const));
  return {
    id: region,
    region,
    instanceTypes: pairs.map(([type]) => type),
    locations: pairs.map(([, place]) => place),
    locationTypes: pairs.map(() => text(args["locationType"]) || "region"),
  };
}
