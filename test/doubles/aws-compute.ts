/** aws.ec2 instances with their addresses, and aws.ebs volumes. What they do for real is the machines' part. */
import { randomInt } from "node:crypto";
import { ACCOUNT, arn, between, exactlyOne, newId, oneOf, tagged } from "./aws-account.ts";
import { addressIn } from "./cidr.ts";
import { getInstanceType, images } from "./aws-images.ts";
import { EIP, EIP_ASSOCIATION, INSTANCE, securityGroups, SUBNET, subnetReference } from "./aws-network.ts";
import type { Kinds, Place, Reference, Rule } from "./kinds.ts";
import { changes, list, record, text, type Values } from "./values.ts";

export const VOLUME = "aws:ebs/volume:Volume";
export const VOLUME_ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment";
export const PROFILE = "aws:iam/instanceProfile:InstanceProfile";

/** Where instances run. Without one, they are in the world only. */
export interface Machines {
  launch(id: string, instance: Values): Promise<void>;
  /** Stopped and started: the disk stays, cloud-init does not run user data again. */
  restart(id: string): Promise<void>;
  terminate(id: string): Promise<void>;
  deleteVolume(id: string): Promise<void>;
  attach(instance: string, volume: string, device: string): Promise<void>;
  detach(instance: string, volume: string, device: string): Promise<void>;
}

/** What a volume's type allows: gp3 has 3,000 to 80,000 IOPS and 125 to 2,000 MiB/s, at most 500 IOPS a GiB and 0.25 MiB/s an IOPS. */
const performance = (type: unknown, size: unknown, iops: unknown, throughput: unknown): string | undefined => {
  const most = (value: unknown, least: number, limit: number) => typeof value === "number" && (value < least || value > limit);
  if (throughput !== undefined && type !== "gp3")
    return `InvalidParameterCombination: The parameter Throughput is not supported for volume type ${text(type) || "gp2"}`;
  if (iops !== undefined && !["gp3", "io1", "io2"].includes(text(type))) return `InvalidParameterCombination: The parameter iops is not supported for ${text(type) || "gp2"} volumes.`; // prettier-ignore
  if (type !== "gp3") return iops === undefined && ["io1", "io2"].includes(text(type)) ? `MissingParameter: The request must contain the parameter iops for ${text(type)} volumes` : undefined; // prettier-ignore
  if (most(iops, 3000, 80000)) return `InvalidParameterValue: Volume iops of ${String(iops)} is not valid: gp3 takes 3000 to 80000`;
  if (most(throughput, 125, 2000)) return `InvalidParameterValue: Throughput of ${String(throughput)} is not valid: gp3 takes 125 to 2000 MiB/s`;
  const rate = typeof iops === "number" ? iops : 3000;
  if (typeof throughput === "number" && throughput > rate * 0.25) return `InvalidParameterValue: Throughput (MiBps) to iops ratio of ${throughput / rate} is too high; maximum is 0.250000 MiBps per iops.`; // prettier-ignore
  if (typeof iops === "number" && typeof size === "number" && iops > 3000 && iops > size * 500) return `InvalidParameterValue: Iops to volume size ratio of ${iops / size} is too high; maximum is 500`; // prettier-ignore
  return undefined;
};

const TYPES = ["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"];
const rootDevice: Rule = ({ rootBlockDevice }) => {
  const { volumeType, volumeSize, iops, throughput } = record(rootBlockDevice);
  return oneOf("volumeType", TYPES)({ volumeType }) ?? performance(volumeType, volumeSize, iops, throughput);
};

const metadata: Rule = ({ metadataOptions }) => {
  const options = record(metadataOptions);
  const hops = between("httpPutResponseHopLimit", 1, 64)(options);
  const words = {
    httpTokens: ["optional", "required"],
    httpEndpoint: ["enabled", "disabled"],
    instanceMetadataTags: ["enabled", "disabled"],
    httpProtocolIpv6: ["enabled", "disabled"],
  };
  return hops ?? Object.entries(words).map(([key, allowed]) => oneOf(key, allowed)(options)).find((wrong) => wrong !== undefined); // prettier-ignore
};

/** User data has at most 16 KiB, before it is encoded. */
const userData: Rule = ({ userData, userDataBase64 }) => {
  const size = userDataBase64 === undefined ? Buffer.byteLength(text(userData)) : Buffer.from(text(userDataBase64), "base64").length;
  return size > 16 * 1024 ? "InvalidParameterValue: User data is limited to 16384 bytes" : undefined;
};

const profile: Reference = {
  type: PROFILE,
  by: "name",
  missing: "InvalidParameterValue: Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
};

function architecture(inputs: Values, at: Place): Values {
  const image = images(at).find((one) => one["id"] === inputs["ami"]);
  if (!image) throw new Error(`InvalidAMIID.NotFound: The image id '[${text(inputs["ami"])}]' does not exist`);
  const type = getInstanceType(inputs);
  const supported = text(list(type["supportedArchitectures"])[0]);
  if (supported !== image["architecture"])
    throw new Error(
      `InvalidParameterValue: The architecture '${supported}' of the specified instance type does not match the architecture '${text(image["architecture"])}' of the specified AMI. ` +
        "Specify an instance type and an AMI that have matching architectures, and try again.",
    );
  return image;
}

/** As an instance is described once it runs. */
function described(inputs: Values, id: string, at: Place, address: string): Values {
  const image = architecture(inputs, at);
  const subnet = at.world.get(SUBNET, inputs["subnetId"]) ?? {};
  const foreign = list(inputs["vpcSecurityGroupIds"]).find(
    (group) => at.world.get("aws:ec2/securityGroup:SecurityGroup", group)?.["vpcId"] !== subnet["vpcId"],
  );
  if (foreign !== undefined)
    throw new Error(`InvalidParameter: Security group ${text(foreign)} and subnet ${text(inputs["subnetId"])} belong to different networks.`);
  const zone = text(subnet["availabilityZone"]) || text(inputs["availabilityZone"]) || `${at.region}a`;
  const isPublic = inputs["associatePublicIpAddress"] ?? subnet["mapPublicIpOnLaunch"] ?? false;
  const privateIp = addressIn(text(subnet["cidrBlock"]) || "172.31.0.0/20", 4 + randomInt(200));
  const root = {
    volumeId: newId("vol"),
    volumeSize: 8,
    volumeType: "gp3",
    deviceName: image["rootDeviceName"],
    iops: 3000,
    throughput: 125,
    encrypted: false,
    deleteOnTermination: true,
  };
  const options = {
    httpEndpoint: "enabled",
    httpTokens: "required",
    httpPutResponseHopLimit: 2,
    instanceMetadataTags: "disabled",
    httpProtocolIpv6: "disabled",
  };
  return {
    arn: arn("ec2", at.region, `instance/${id}`),
    instanceState: "running",
    availabilityZone: zone,
    privateIp,
    privateDns: `ip-${privateIp.replaceAll(".", "-")}.${at.region}.compute.internal`,
    primaryNetworkInterfaceId: newId("eni"),
    associatePublicIpAddress: isPublic,
    ...(isPublic === true && { publicIp: address, publicDns: `ec2-${address.replaceAll(".", "-")}.${at.region}.compute.amazonaws.com` }),
    tenancy: "default",
    sourceDestCheck: true,
    instanceInitiatedShutdownBehavior: "stop",
    rootBlockDevice: { ...root, ...record(inputs["rootBlockDevice"]) },
    metadataOptions: { ...options, ...record(inputs["metadataOptions"]) },
  };
}

export function getVolume({ filters }: Values, { world }: Place): Values {
  const ids = list(filters).map(record).flatMap((filter) => (text(filter["name"]) === "volume-id" ? list(filter["values"]).map(text) : [])); // prettier-ignore
  const found = ids.map((id) => world.get(VOLUME, id)).find((one) => one !== undefined);
  if (!found) throw new Error("Your query returned no results. Please change your search criteria and try again.");
  return { ...found, volumeId: found["id"], volumeType: found["type"] };
}

/** `address`: the public one that every instance and every Elastic IP has. */
export const compute = (machines: Machines | undefined, address: string): Kinds => ({
  [INSTANCE]: {
    replaces: [
      "ami", "subnetId", "availabilityZone", "keyName", "associatePublicIpAddress", "privateIp", "tenancy", "placementGroup", "hibernation",
      "rootBlockDevice.encrypted", "rootBlockDevice.kmsKeyId", "ebsBlockDevices", "ephemeralBlockDevices", "networkInterfaces",
    ], // prettier-ignore
    alsoReplaces: ({ userDataReplaceOnChange: replace }) => (replace === true ? ["userData", "userDataBase64"] : []),
    refers: { subnetId: subnetReference, vpcSecurityGroupIds: securityGroups, iamInstanceProfile: profile },
    rules: [
      ({ ami }) => (ami === undefined ? "MissingParameter: The request must contain the parameter ImageId" : undefined),
      ({ ami }) =>
        ami === undefined || /^ami-[0-9a-f]{8,17}$/.test(text(ami)) ? undefined : `InvalidAMIID.Malformed: Invalid id: "${text(ami)}" (expecting "ami-...")`,
      exactlyOne(["userData", "userDataBase64"], false),
      userData,
      metadata,
      rootDevice,
      tagged,
    ],
    create: async (inputs, at) => {
      const id = newId("i");
      const outputs = described(inputs, id, at, address);
      await machines?.launch(id, { ...inputs, ...outputs, region: at.region });
      return { id, outputs };
    },
    update: async (inputs, held, at, id) => {
      architecture(inputs, at);
      const merged = {
        rootBlockDevice: { ...record(held["rootBlockDevice"]), ...record(inputs["rootBlockDevice"]) },
        metadataOptions: { ...record(held["metadataOptions"]), ...record(inputs["metadataOptions"]) },
      };
      const stops = ["instanceType", "userData", "userDataBase64"].some((key) => changes(held[key], inputs[key]).length > 0);
      if (stops) await machines?.restart(id);
      return merged;
    },
    remove: async (held, { world }, id) => {
      if (held["disableApiTermination"] === true && held["forceDestroy"] !== true)
        throw new Error(
          `OperationNotPermitted: The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
        );
      await machines?.terminate(id);
      // What was attached is free again, as the vendor has it.
      for (const type of [VOLUME_ATTACHMENT, EIP_ASSOCIATION])
        for (const one of world.all(type)) if (one["instanceId"] === id) world.remove(type, text(one["id"]));
    },
  },
  [VOLUME]: {
    replaces: ["availabilityZone", "encrypted", "kmsKeyId", "snapshotId", "outpostArn", "multiAttachEnabled"],
    rules: [
      oneOf("type", TYPES),
      exactlyOne(["size", "snapshotId"]),
      between("size", 1, 65536),
      ({ type, size, iops, throughput }) => performance(type ?? "gp2", size, iops, throughput),
      ({ kmsKeyId, encrypted }) =>
        kmsKeyId !== undefined && encrypted !== true
          ? "InvalidParameterDependency: The parameter KmsKeyId requires the parameter Encrypted to be set."
          : undefined,
      tagged,
    ],
    heldBy: [{ type: VOLUME_ATTACHMENT, property: "volumeId" }],
    held: "VolumeInUse: Volume %s is currently attached",
    create: (inputs, at) => {
      const zone = text(inputs["availabilityZone"]);
      if (!new RegExp(`^${at.region}[a-c]$`).test(zone)) throw new Error(`InvalidZone.NotFound: The zone '${zone}' does not exist.`);
      const id = newId("vol");
      const type = text(inputs["type"]) || "gp2";
      return {
        id,
        outputs: {
          arn: arn("ec2", at.region, `volume/${id}`),
          type,
          ...(type === "gp3" && { iops: inputs["iops"] ?? 3000, throughput: inputs["throughput"] ?? 125 }),
          createTime: new Date().toISOString(),
        },
      };
    },
    update: (inputs, held) => {
      if (typeof inputs["size"] === "number" && inputs["size"] < (held["size"] as number))
        throw new Error("InvalidParameterValue: New size cannot be smaller than existing size");
      return {};
    },
    remove: (_, __, id) => machines?.deleteVolume(id),
  },
  [VOLUME_ATTACHMENT]: {
    replaces: ["deviceName", "instanceId", "volumeId"],
    refers: {
      instanceId: { type: INSTANCE, missing: "InvalidInstanceID.NotFound: The instance ID '%s' does not exist" },
      volumeId: { type: VOLUME, missing: "InvalidVolume.NotFound: The volume '%s' does not exist." },
    },
    rules: [
      ({ deviceName }) =>
        deviceName === undefined || /^(\/dev\/(sd[b-z][0-9]*|xvd[b-d]?[a-z]))$/.test(text(deviceName))
          ? undefined
          : `InvalidParameterValue: Value (${text(deviceName)}) for parameter device is invalid. ${text(deviceName)} is not a valid EBS device name.`,
    ],
    create: async (inputs, { world }) => {
      const [instance, volume] = [text(inputs["instanceId"]), text(inputs["volumeId"])];
      const attached = world.all(VOLUME_ATTACHMENT).find((one) => one["volumeId"] === volume);
      if (attached) throw new Error(`VolumeInUse: ${volume} is already attached to an instance`);
      if (world.get(VOLUME, volume)?.["availabilityZone"] !== world.get(INSTANCE, instance)?.["availabilityZone"])
        throw new Error(`InvalidVolume.ZoneMismatch: The volume '${volume}' is not in the same availability zone as instance '${instance}'`);
      await machines?.attach(instance, volume, text(inputs["deviceName"]));
      return { id: newId("vai"), outputs: {} };
    },
    remove: ({ instanceId, volumeId, deviceName }, { world }) =>
      world.get(INSTANCE, instanceId) ? machines?.detach(text(instanceId), text(volumeId), text(deviceName)) : undefined,
  },
  [EIP]: {
    replaces: ["domain", "publicIpv4Pool", "networkBorderGroup"],
    rules: [oneOf("domain", ["vpc", "standard"]), exactlyOne(["instance", "networkInterface"], false), tagged],
    heldBy: [{ type: EIP_ASSOCIATION, property: "allocationId" }],
    held: "InvalidIPAddress.InUse: Address %s is in use.",
    create: (_, at) => {
      const id = newId("eipalloc");
      const dns = `ec2-${address.replaceAll(".", "-")}.${at.region}.compute.amazonaws.com`;
      return {
        id,
        outputs: {
          allocationId: id,
          arn: arn("ec2", at.region, `elastic-ip/${id}`),
          domain: "vpc",
          publicIp: address,
          publicDns: dns,
          publicIpv4Pool: "amazon",
          networkBorderGroup: at.region,
          ownerId: ACCOUNT,
        },
      };
    },
  },
  [EIP_ASSOCIATION]: {
    replaces: ["allocationId", "instanceId", "networkInterfaceId", "publicIp", "privateIpAddress"],
    refers: {
      instanceId: { type: INSTANCE, missing: "InvalidInstanceID.NotFound: The instance ID '%s' does not exist" },
      allocationId: { type: EIP, missing: "InvalidAllocationID.NotFound: The allocation ID '%s' does not exist" },
    },
    rules: [exactlyOne(["allocationId", "publicIp"]), exactlyOne(["instanceId", "networkInterfaceId"])],
    create: ({ allocationId, instanceId, allowReassociation }, { world }) => {
      const taken = world.all(EIP_ASSOCIATION).filter((one) => one["allocationId"] === allocationId);
      // The API takes the address over unless told not to; the provider tells it what `allowReassociation` says.
      if (taken.length > 0 && allowReassociation === false)
        throw new Error(`Resource.AlreadyAssociated: resource ${text(allocationId)} is already associated with associate-id ${text(taken[0]!["id"])}`);
      for (const one of taken) world.remove(EIP_ASSOCIATION, text(one["id"]));
      return { id: newId("eipassoc"), outputs: { publicIp: address, privateIpAddress: world.get(INSTANCE, instanceId)?.["privateIp"] } };
    },
  },
});
