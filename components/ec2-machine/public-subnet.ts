/** Whether a subnet that was there is a public one: an address of the server's own leads nowhere in another, and nobody would know before seven minutes are over. */
import { getRouteTable } from "@pulumi/aws/ec2/getRouteTable.js";
import { getRouteTables } from "@pulumi/aws/ec2/getRouteTables.js";
import type * as pulumi from "@pulumi/pulumi";
import { Refusal } from "../refusal.ts";

/** As AWS has it; what it does not lead to is an empty text. */
export interface Route {
  readonly cidrBlock: string;
  readonly gatewayId?: string;
  readonly natGatewayId?: string;
  readonly transitGatewayId?: string;
  /** A firewall of AWS's, or a machine: what is behind them nobody knows here. */
  readonly vpcEndpointId?: string;
  readonly networkInterfaceId?: string;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
}

/** Of its own table, or of its network's main one where it has none. Undefined where AWS does not say: to a run that may not ask, nothing is refused for it. */
export async function routesOf({ id, vpcId }: Subnet, opts: pulumi.InvokeOptions): Promise<readonly Route[] | undefined> {
  const table = async (name: string, value: string) => (await getRouteTables({ vpcId, filters: [{ name, values: [value] }] }, opts)).ids[0];
  try {
    const found = (await table("association.subnet-id", id)) ?? (await table("association.main", "true"));
    return found === undefined ? undefined : (await getRouteTable({ routeTableId: found }, opts)).routes;
  } catch {
    return undefined;
  }
}

const EVERYWHERE = "0.0.0.0/0";
const isPublic = ({ cidrBlock, gatewayId = "", vpcEndpointId = "", networkInterfaceId = "" }: Route) =>
  gatewayId.startsWith("igw-") || (cidrBlock === EVERYWHERE && (vpcEndpointId !== "" || networkInterfaceId !== ""));

/** Throws where nobody could come to a server in it by its own address. */
export function refusePrivate({ id }: Subnet, routes: readonly Route[]): void {
  if (routes.some(isPublic)) return;
  const { natGatewayId, transitGatewayId, gatewayId } = routes.find(({ cidrBlock }) => cidrBlock === EVERYWHERE) ?? {};
  const to = [natGatewayId, transitGatewayId, gatewayId].find((one) => one !== undefined && one !== "");
  throw new Refusal(`nobody could reach the server there; nothing was changed

  recoloca:ec2.subnet  got "${id}", whose route ${EVERYWHERE} ${to === undefined ? "is missing, or leads elsewhere" : `leads to ${to}`}: wanted is one to an internet gateway, igw-…
      a public one; or a network of the stack's own: pulumi config rm --path recoloca:ec2.subnet
      or no way by its address: ec2.reach session-manager, or recoloca:hostAddress where another way to it begins: docs/aws.md, A shell on it
`);
}
