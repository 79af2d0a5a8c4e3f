/** A subnet that was there: whether anybody could come to a server in it by its own address. */
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { refusePrivate, routesOf, type Route } from "../../components/ec2-machine/public-subnet.ts";

const SUBNET = { id: "subnet-0123456789abcdef0", vpcId: "vpc-0123456789abcdef0" };
const route = (to: Partial<Route>, cidrBlock = "0.0.0.0/0"): Route => ({ cidrBlock, gatewayId: "", ...to });
const LOCAL = route({ gatewayId: "local" }, "10.0.0.0/16");
const OUT = route({ gatewayId: "igw-0123456789abcdef0" });

test.each([
  ["an internet gateway", [LOCAL, OUT]],
  ["one in two halves", [route({ gatewayId: "igw-1" }, "0.0.0.0/1"), route({ gatewayId: "igw-1" }, "128.0.0.0/1")]],
  ["a firewall of AWS's before it", [LOCAL, route({ vpcEndpointId: "vpce-1" })]],
  ["a machine that looks at all that comes", [route({ networkInterfaceId: "eni-1" })]],
])("is public with %s", (_, routes) => expect(() => refusePrivate(SUBNET, routes)).not.toThrow());

test.each([
  ["a NAT gateway", [LOCAL, route({ natGatewayId: "nat-0a1b" })], "leads to nat-0a1b"],
  ["a transit gateway", [route({ transitGatewayId: "tgw-0a1b" })], "leads to tgw-0a1b"],
  ["a private network's gateway", [route({ gatewayId: "vgw-0a1b" })], "leads to vgw-0a1b"],
  ["nothing but its network and an endpoint of S3's", [LOCAL, route({ gatewayId: "vpce-1" }, "")], "is missing, or leads elsewhere"],
  ["no route at all", [], "is missing, or leads elsewhere"],
])("is none with %s, and what would be right is said", (_, routes, says) => {
  expect(() => refusePrivate(SUBNET, routes)).toThrow(`nobody could reach the server there; nothing was changed

  recoloca:ec2.subnet  got "subnet-0123456789abcdef0", whose route 0.0.0.0/0 ${says}: wanted is one to an internet gateway, igw-…
      a public one; or a network of the stack's own: pulumi config rm --path recoloca:ec2.subnet
      or no way by its address: ec2.reach session-manager, or recoloca:hostAddress where another way to it begins: docs/aws.md, A shell on it
`);
});

/** As AWS has them, by what its tables are associated with. */
async function asked(tables: Readonly<Record<string, string>>, say?: () => never) {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }),
    call: ({ token, inputs }) => {
      say?.();
      const { filters, vpcId, routeTableId } = inputs as { filters?: [{ name: string; values: [string] }]; vpcId?: string; routeTableId?: string };
      if (token === "aws:ec2/getRouteTable:getRouteTable") return { routes: routeTableId === "rtb-out" ? [OUT] : [LOCAL] };
      expect(vpcId).toBe(SUBNET.vpcId);
      const { name, values } = filters![0];
      return { ids: [tables[`${name}=${values[0]}`]].filter((one) => one !== undefined) };
    },
  });
  return routesOf(SUBNET, {});
}
const OWN = "association.subnet-id=subnet-0123456789abcdef0";
const MAIN = "association.main=true";

test("its own table counts, else its network's main one", async () => {
  expect(await asked({ [OWN]: "rtb-out", [MAIN]: "rtb-local" })).toEqual([OUT]);
  expect(await asked({ [OWN]: "rtb-local", [MAIN]: "rtb-out" })).toEqual([LOCAL]);
  expect(await asked({ [MAIN]: "rtb-out" })).toEqual([OUT]);
});

test("what AWS does not say is no reason to refuse: a run that may not ask goes on", async () => {
  const denied = () => {
    throw new Error("UnauthorizedOperation: You are not authorized to perform: ec2:DescribeRouteTables");
  };
  expect(await asked({ [OWN]: "rtb-local" }, denied)).toBeUndefined();
  expect(await asked({})).toBeUndefined();
});
