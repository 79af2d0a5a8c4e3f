/** What AWS says of route tables that are there: of a subnet its own, or its network's main one. */
import { ROUTE_TABLE, ROUTE_TABLE_ASSOCIATION, VPC } from "./aws-network.ts";
import type { Place } from "./kinds.ts";
import { isRecord, list, record, text, type Values } from "./values.ts";

/** By how AWS calls what they are associated with; a main one that a test has put there is `main`. */
export function getRouteTables({ vpcId, filters }: Values, { world, region }: Place): Values {
  const main = world.get(VPC, vpcId)?.["mainRouteTableId"];
  const by: Readonly<Record<string, (table: Values, values: readonly unknown[]) => boolean>> = {
    "association.main": (table, values) => values.includes(String(table["main"] === true || table["id"] === main)),
    "association.subnet-id": (table, values) =>
      world.all(ROUTE_TABLE_ASSOCIATION).some((one) => one["routeTableId"] === table["id"] && values.includes(one["subnetId"])),
  };
  const fits = (table: Values) =>
    (vpcId === undefined || table["vpcId"] === vpcId) &&
    list(filters)
      .filter(isRecord)
      .every(({ name, values }) => by[text(name)]!(table, list(values)));
  return { id: region, region, ids: world.all(ROUTE_TABLE).filter(fits).map(({ id }) => id) }; // prettier-ignore
}

/** What a route does not lead to is an empty text. */
export function getRouteTable({ routeTableId }: Values, { world, region }: Place): Values {
  const found = world.get(ROUTE_TABLE, routeTableId);
  if (!found) throw new Error("query returned no results. Please change your search criteria and try again");
  return { ...found, region, routeTableId, routes: list(found["routes"]).map((one) => ({ cidrBlock: "", gatewayId: "", natGatewayId: "", ...record(one) })) };
}
