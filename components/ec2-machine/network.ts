/** Where an instance stands: a network of its own with one public subnet, or a subnet that is there; and what may come in. */
import { getVolume } from "@pulumi/aws/ebs/getVolume.js";
import { getInstanceTypeOfferings } from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import { getSubnet } from "@pulumi/aws/ec2/getSubnet.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import * as pulumi from "@pulumi/pulumi";
import { lookedUp } from "../aws-errors.ts";
import { Refusal } from "../refusal.ts";
import type { Remember } from "../remembered.ts";
import { refusePrivate, routesOf } from "./public-subnet.ts";

export interface Place {
  readonly vpcId: pulumi.Output<string>;
  readonly subnetId: pulumi.Output<string>;
  readonly availabilityZone: pulumi.Output<string>;
  /** What has to be there before somebody in it can reach the world. */
  readonly ways: pulumi.Resource[];
}

const RANGE = "10.71.0.0/24";

/** Its zone is remembered, too: what comes in its place has to be there. Throws where a server is to be reached at its own address and could not be, before anything is made. */
export function subnetThatIsThere(id: string, byAddress: boolean, remember: Remember, opts: pulumi.InvokeOptions): Place {
  const found = lookedUp(`subnet ${id}`, getSubnet({ id }, opts)).apply(async (subnet) => {
    const routes = byAddress ? await routesOf(subnet, opts) : undefined;
    if (routes !== undefined) refusePrivate(subnet, routes);
    return subnet;
  });
  remember("zone", found.availabilityZone);
  return { vpcId: found.vpcId, subnetId: found.id, availabilityZone: found.availabilityZone, ways: [] };
}

/** The zone that a disk stands in which the stack is to take as its own. Throws where it could not, before anything is made. */
export function zoneOf(volume: string, size: number, opts: pulumi.InvokeOptions): pulumi.Output<string> {
  const found = lookedUp(`volume ${volume}`, getVolume({ filters: [{ name: "volume-id", values: [volume] }] }, opts));
  return pulumi.all([found.availabilityZone, found.encrypted, found.size]).apply(([zone, encrypted, there]) => {
    if (!encrypted)
      throw new Refusal(
        `recoloca:ec2.dataVolume  got ${volume}, which is not encrypted\n      one that is: aws ec2 create-snapshot --volume-id ${volume}, then aws ec2 create-volume --encrypted --availability-zone ${zone} --snapshot-id SNAPSHOT`,
      );
    if (there > size)
      throw new Refusal(
        `recoloca:ec2.dataDisk  got ${size}, and ${volume} has ${there} GiB; a disk never shrinks\n      pulumi config set --path recoloca:ec2.dataDisk ${there}`,
      );
    return zone;
  });
}

/** `remember` keeps the zone that was chosen: AWS may offer the type in another order tomorrow, and a subnet cannot move. */
export function ownNetwork(name: string, wanted: pulumi.Output<string>, remember: Remember, opts: pulumi.CustomResourceOptions & pulumi.InvokeOptions): Place {
  const tags = { Name: name };
  const zone = remember("zone", wanted);
  const vpc = new Vpc(name, { cidrBlock: RANGE, enableDnsHostnames: true, tags }, opts);
  const gateway = new InternetGateway(name, { vpcId: vpc.id, tags }, opts);
  const subnet = new Subnet(name, { vpcId: vpc.id, cidrBlock: RANGE, availabilityZone: zone, tags }, opts);
  const table = new RouteTable(name, { vpcId: vpc.id, routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: gateway.id }], tags }, opts);
  const way = new RouteTableAssociation(name, { subnetId: subnet.id, routeTableId: table.id }, opts);
  return { vpcId: vpc.id, subnetId: subnet.id, availabilityZone: subnet.availabilityZone, ways: [way] };
}

/** Zones of the region that have such an instance. Throws where none has. */
export function zonesOf(instanceType: string, opts: pulumi.InvokeOptions): pulumi.Output<string[]> {
  const offered = lookedUp(
    `where ${instanceType} is offered`,
    getInstanceTypeOfferings({ locationType: "availability-zone", filters: [{ name: "instance-type", values: [instanceType] }] }, opts),
  );
  return offered.locations.apply((all) => {
    if (all.length === 0) throw new Refusal(`instance type ${instanceType} is not offered in this region; set recoloca:ec2.instanceType to one that is`);
    return [...all].sort();
  });
}

export const firstOf = ([first]: readonly string[]) => first!;

export interface Firewall {
  readonly id: pulumi.Output<string>;
  /** What has to be there before somebody behind it can reach the world. */
  readonly ways: pulumi.Resource[];
}

/** Visitors from anywhere, SSH from the given ranges, everything outwards. */
export function firewall(name: string, vpcId: pulumi.Input<string>, sshFrom: readonly string[], opts: pulumi.CustomResourceOptions): Firewall {
  const group = new SecurityGroup(name, { vpcId, description: "Visitors and SSH", tags: { Name: name } }, opts);
  const from = (range: string) => (range.includes(":") ? { cidrIpv6: range } : { cidrIpv4: range });
  const open = (what: string, port: number, range: string) =>
    new SecurityGroupIngressRule(
      `${name}-${what}`,
      { securityGroupId: group.id, ipProtocol: "tcp", fromPort: port, toPort: port, ...from(range), description: what },
      { ...opts, parent: group },
    );
  open("http", 80, "0.0.0.0/0");
  open("https", 443, "0.0.0.0/0");
  for (const range of sshFrom) open(`ssh-${range.replaceAll(/[^0-9a-f]/g, "-")}`, 22, range);
  const out = new SecurityGroupEgressRule(`${name}-out`, { securityGroupId: group.id, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" }, { ...opts, parent: group });
  return { id: group.id, ways: [out] };
}
