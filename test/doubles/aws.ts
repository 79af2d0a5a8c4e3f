/** @pulumi/aws as a double: its services together, and the functions that look something up. */
import { ACCOUNT, common, configuration, PARTITION, REGIONS, uniqueId } from "./aws-account.ts";
import { alarms } from "./aws-alarms.ts";
import { compute, getVolume, type Machines } from "./aws-compute.ts";
import { getOpenIdConnectProvider, iam } from "./aws-iam.ts";
import { getAmi, getInstanceType, getInstanceTypeOfferings } from "./aws-images.ts";
import { keys, PARAMETER, parameterArn } from "./aws-keys.ts";
import { network, SUBNET, zoneId } from "./aws-network.ts";
import { getRouteTable, getRouteTables } from "./aws-route-tables.ts";
import { getZone, route53 } from "./aws-route53.ts";
import { s3 } from "./aws-s3.ts";
import type { Lookups, Package, Place } from "./kinds.ts";
import { isRecord, list, same, text, type Values } from "./values.ts";

function getSubnet(args: Values, { world, region }: Place): Values {
  const filters = Object.fromEntries(list(args["filters"]).filter(isRecord).map((one) => [text(one["name"]), list(one["values"])])); // prettier-ignore
  const fits = (one: Values) =>
    ["id", "vpcId", "cidrBlock", "availabilityZone"].every((key) => args[key] === undefined || same(args[key], one[key])) &&
    Object.entries(filters).every(([name, values]) => values.includes(one[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())]));
  const found = world.all(SUBNET).filter(fits);
  if (found.length === 0) throw new Error(args["id"] === undefined ? "no matching EC2 Subnet found" : `InvalidSubnetID.NotFound: The subnet ID '${text(args["id"])}' does not exist`); // prettier-ignore
  if (found.length > 1) throw new Error("multiple EC2 Subnets matched; use additional constraints to reduce matches to a single EC2 Subnet");
  return { ...found[0], state: "available", availableIpAddressCount: 251, region };
}

function getParameter(args: Values, { world, region }: Place): Values {
  const name = text(args["name"]);
  const held = world.get(PARAMETER, name);
  if (!held) throw new Error(`ParameterNotFound: couldn't find resource: ${name}`);
  return {
    id: name,
    name,
    arn: parameterArn(region, name),
    type: held["type"],
    value: held["value"],
    insecureValue: held["insecureValue"] ?? "",
    version: held["version"],
  };
}

const lookups: Lookups = {
  "aws:ebs/getVolume:getVolume": getVolume,
  "aws:ec2/getAmi:getAmi": getAmi,
  "aws:ec2/getInstanceType:getInstanceType": getInstanceType,
  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": getInstanceTypeOfferings,
  "aws:ec2/getRouteTable:getRouteTable": getRouteTable,
  "aws:ec2/getRouteTables:getRouteTables": getRouteTables,
  "aws:ec2/getSubnet:getSubnet": getSubnet,
  "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": getOpenIdConnectProvider,
  "aws:route53/getZone:getZone": getZone,
  "aws:ssm/getParameter:getParameter": getParameter,
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({
    id: ACCOUNT, accountId: ACCOUNT, arn: `arn:${PARTITION}:iam::${ACCOUNT}:user/deployer`, userId: uniqueId("AIDA"),
  }), // prettier-ignore
  "aws:index/getRegion:getRegion": (_, { region }) => ({
    id: region, name: region, region, description: REGIONS[region] ?? "", endpoint: `ec2.${region}.amazonaws.com`,
  }), // prettier-ignore
  "aws:index/getPartition:getPartition": () => ({ id: PARTITION, partition: PARTITION, dnsSuffix: "amazonaws.com", reverseDnsPrefix: "com.amazonaws" }),
  "aws:index/getAvailabilityZones:getAvailabilityZones": ({ excludeNames }, { region }) => {
    const names = ["a", "b", "c"].map((zone) => `${region}${zone}`).filter((zone) => !list(excludeNames).includes(zone));
    return { id: region, names, zoneIds: names.map(zoneId), groupNames: [region], region };
  },
};

/** The services that know no region have no output of that name; the others all have it. */
export const aws = (machines: Machines | undefined, address: string): Package => ({
  name: "aws",
  kinds: { ...network, ...compute(machines, address), ...s3, ...iam, ...keys, ...alarms, ...route53 },
  lookups,
  config: configuration,
  common,
});
