/** The network of aws.ec2 and aws.vpc: what a VPC, its subnets, routes, security groups and addresses allow. */
import { arn, newId, oneOf, ACCOUNT, exactlyOne, formed, tagged } from "./aws-account.ts";
import { ipv4Cidr, ipv6Cidr, isWithin, overlap } from "./cidr.ts";
import type { Kinds, Place, Reference, Rule } from "./kinds.ts";
import { list, record, text, type Values } from "./values.ts";

export const VPC = "aws:ec2/vpc:Vpc";
export const SUBNET = "aws:ec2/subnet:Subnet";
export const SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup";
export const EIP = "aws:ec2/eip:Eip";
export const EIP_ASSOCIATION = "aws:ec2/eipAssociation:EipAssociation";
export const INSTANCE = "aws:ec2/instance:Instance";
export const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
const GATEWAY = "aws:ec2/internetGateway:InternetGateway";
export const ROUTE_TABLE = "aws:ec2/routeTable:RouteTable";
export const ROUTE_TABLE_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation";

const vpc: Reference = { type: VPC, missing: "InvalidVpcID.NotFound: The vpc ID '%s' does not exist" };
const subnet: Reference = { type: SUBNET, missing: "InvalidSubnetID.NotFound: The subnet ID '%s' does not exist" };
export const securityGroups: Reference = { type: SECURITY_GROUP, missing: "InvalidGroup.NotFound: The security group '%s' does not exist" };
export const subnetReference = subnet;

const named = (prefix: string, resource: string, { region }: Place) => {
  const id = newId(prefix);
  return { id, outputs: { arn: arn("ec2", region, `${resource}/${id}`), ownerId: ACCOUNT } };
};

/** A rule has one source, and ports unless it is for all protocols. */
const ports: Rule = ({ ipProtocol, fromPort, toPort }) => {
  if (ipProtocol === "-1") return fromPort !== undefined || toPort !== undefined ? "InvalidParameterValue: You may not specify all protocols and specific ports" : undefined; // prettier-ignore
  if (ipProtocol !== "tcp" && ipProtocol !== "udp") return undefined;
  if (typeof fromPort !== "number" || typeof toPort !== "number") return `InvalidParameterValue: Invalid value '${text(ipProtocol)}' for IP protocol without fromPort and toPort`; // prettier-ignore
  const wrong = fromPort < 0 || toPort > 65535 || fromPort > toPort;
  return wrong ? `InvalidParameterValue: Invalid port range (${fromPort} to ${toPort})` : undefined;
};

const DESCRIPTION = formed(
  "description",
  /^[A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/,
  "at most 255 characters: a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*",
);

const rule = {
  refers: { securityGroupId: securityGroups, referencedSecurityGroupId: securityGroups },
  replaces: ["securityGroupId"],
  rules: [
    ports,
    exactlyOne(["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"]),
    oneOf("ipProtocol", ["tcp", "udp", "icmp", "icmpv6", "-1"]),
    ipv4Cidr("cidrIpv4"),
    ipv6Cidr("cidrIpv6"),
    DESCRIPTION,
    tagged,
  ],
  create: (_: Values, at: Place) => {
    const { id, outputs } = named("sgr", "security-group-rule", at);
    return { id, outputs: { arn: outputs.arn, securityGroupRuleId: id } };
  },
} as const;

export const network: Kinds = {
  [VPC]: {
    replaces: ["cidrBlock", "instanceTenancy", "ipv4IpamPoolId", "ipv4NetmaskLength"],
    rules: [exactlyOne(["cidrBlock", "ipv4IpamPoolId"]), ipv4Cidr("cidrBlock", 16, 28), oneOf("instanceTenancy", ["default", "dedicated"]), tagged],
    heldBy: [SUBNET, GATEWAY, SECURITY_GROUP, ROUTE_TABLE].map((type) => ({ type, property: "vpcId" })),
    held: "DependencyViolation: The vpc '%s' has dependencies and cannot be deleted.",
    create: (_, at) => {
      const { id, outputs } = named("vpc", "vpc", at);
      const own = { mainRouteTableId: newId("rtb"), defaultSecurityGroupId: newId("sg"), defaultNetworkAclId: newId("acl"), dhcpOptionsId: newId("dopt") };
      return { id, outputs: { ...outputs, ...own, defaultRouteTableId: own.mainRouteTableId, enableDnsSupport: true, instanceTenancy: "default" } };
    },
  },
  [SUBNET]: {
    replaces: ["vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6Native"],
    refers: { vpcId: vpc },
    rules: [ipv4Cidr("cidrBlock", 16, 28), exactlyOne(["availabilityZone", "availabilityZoneId"], false), tagged],
    heldBy: [{ type: INSTANCE, property: "subnetId" }],
    held: "DependencyViolation: The subnet '%s' has dependencies and cannot be deleted.",
    create: (inputs, at) => {
      const cidr = text(inputs["cidrBlock"]);
      if (!isWithin(cidr, text(at.world.get(VPC, inputs["vpcId"])?.["cidrBlock"]))) throw new Error(`InvalidSubnet.Range: The CIDR '${cidr}' is invalid.`);
      const clash = at.world.all(SUBNET).some((one) => one["vpcId"] === inputs["vpcId"] && overlap(cidr, text(one["cidrBlock"])));
      if (clash) throw new Error(`InvalidSubnet.Conflict: The CIDR '${cidr}' conflicts with another subnet`);
      const zone = text(inputs["availabilityZone"]) || `${at.region}a`;
      if (!new RegExp(`^${at.region}[a-c]$`).test(zone)) throw new Error(`InvalidParameterValue: Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${at.region}a, ${at.region}b, ${at.region}c.`); // prettier-ignore
      const { id, outputs } = named("subnet", "subnet", at);
      return { id, outputs: { ...outputs, availabilityZone: zone, availabilityZoneId: zoneId(zone), privateDnsHostnameTypeOnLaunch: "ip-name" } };
    },
  },
  [GATEWAY]: {
    refers: { vpcId: vpc },
    rules: [tagged],
    create: (inputs, at) => {
      const taken = inputs["vpcId"] !== undefined && at.world.all(GATEWAY).some((one) => one["vpcId"] === inputs["vpcId"]);
      if (taken) throw new Error(`Resource.AlreadyAssociated: resource ${text(inputs["vpcId"])} is already attached to an internet gateway`);
      return named("igw", "internet-gateway", at);
    },
    remove: ({ vpcId }, { world }) => {
      const inVpc = (one: Values) => world.get(SUBNET, world.get(INSTANCE, one["instanceId"])?.["subnetId"])?.["vpcId"] === vpcId;
      if (world.all(EIP_ASSOCIATION).some(inVpc)) throw new Error(`DependencyViolation: Network ${text(vpcId)} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`); // prettier-ignore
    },
  },
  [ROUTE_TABLE]: {
    replaces: ["vpcId"],
    refers: { vpcId: vpc },
    rules: [
      ({ routes }) => {
        const blocks = list(routes).map((one) => text(record(one)["cidrBlock"]));
        const wrong = blocks.find((cidr) => cidr !== "" && ipv4Cidr("cidrBlock")({ cidrBlock: cidr }) !== undefined);
        return wrong === undefined
          ? undefined
          : `InvalidParameterValue: Value (${wrong}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.`;
      },
      tagged,
    ],
    heldBy: [{ type: ROUTE_TABLE_ASSOCIATION, property: "routeTableId" }],
    held: "DependencyViolation: The routeTable '%s' has dependencies and cannot be deleted.",
    create: (inputs, at) => {
      for (const gateway of list(inputs["routes"]).map((one) => text(record(one)["gatewayId"])))
        if (gateway !== "" && at.world.get(GATEWAY, gateway)?.["vpcId"] !== inputs["vpcId"])
          throw new Error(`InvalidParameterValue: route table and network gateway ${gateway} belong to different networks`);
      return named("rtb", "route-table", at);
    },
  },
  [ROUTE_TABLE_ASSOCIATION]: {
    replaces: ["subnetId", "gatewayId"],
    refers: { subnetId: subnet, routeTableId: { type: ROUTE_TABLE, missing: "InvalidRouteTableID.NotFound: The routeTable ID '%s' does not exist" } },
    rules: [exactlyOne(["subnetId", "gatewayId"])],
    create: ({ subnetId }, { world }) => {
      if (subnetId !== undefined && world.all(ROUTE_TABLE_ASSOCIATION).some((one) => one["subnetId"] === subnetId))
        throw new Error(`Resource.AlreadyAssociated: the specified association for the subnet ${text(subnetId)} conflicts with an existing association`);
      return { id: newId("rtbassoc"), outputs: {} };
    },
  },
  [SECURITY_GROUP]: {
    named: "name",
    replaces: ["name", "namePrefix", "description", "vpcId"],
    refers: { vpcId: vpc },
    rules: [DESCRIPTION, formed("name", /^(?!sg-)[A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/, "at most 255 characters, and it cannot begin with sg-"), tagged],
    heldBy: [
      { type: INSTANCE, property: "vpcSecurityGroupIds" },
      { type: INGRESS, property: "referencedSecurityGroupId" },
    ],
    held: "DependencyViolation: resource %s has a dependent object",
    create: (inputs, at) => {
      const same = (one: Values) => one["name"] === inputs["name"] && one["vpcId"] === inputs["vpcId"];
      if (at.world.all(SECURITY_GROUP).some(same)) throw new Error(`InvalidGroup.Duplicate: The security group '${text(inputs["name"])}' already exists for VPC '${text(inputs["vpcId"])}'`); // prettier-ignore
      const made = named("sg", "security-group", at);
      return { id: made.id, outputs: { ...made.outputs, description: inputs["description"] ?? "Managed by Pulumi" } };
    },
  },
  [INGRESS]: rule,
  [EGRESS]: rule,
};

/** `eu-central-1a` is `euc1-az1`. */
export const zoneId = (zone: string) =>
  zone.replace(
    /^(\w\w)-(\w)\w*-(\d)([a-c])$/,
    (_, area: string, side: string, number: string, letter: string) => `${area}${side}${number}-az${"abc".indexOf(letter) + 1}`,
  );
