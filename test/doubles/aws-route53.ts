/** aws.route53: records of zones that are there already. A test puts them into the world as `aws:route53/zone:Zone`. */
import { isIPv4, isIPv6 } from "node:net";
import { between, exactlyOne, oneOf } from "./aws-account.ts";
import type { Kinds, Place, Rule } from "./kinds.ts";
import { isRecord, list, text, type Values } from "./values.ts";

export const ZONE = "aws:route53/zone:Zone";
export const RECORD = "aws:route53/record:Record";
/** Of every zone. */
export const NAME_SERVERS: readonly string[] = ["org", "com", "net", "co.uk"].map(
  (end, n) => `ns-${(n + 1) * 256}.awsdns-${String((n + 1) * 8).padStart(2, "0")}.${end}`,
);

const addresses: Rule = ({ type, records }) => {
  const fits = type === "A" ? isIPv4 : type === "AAAA" ? isIPv6 : undefined;
  const wrong = fits && list(records).map(text).find((one) => !fits(one)); // prettier-ignore
  if (wrong !== undefined) return `InvalidChangeBatch: Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv${type === "A" ? 4 : 6}Address (Value is not a valid IPv${type === "A" ? 4 : 6} address) encountered with '${wrong}''`; // prettier-ignore
  return type === "CNAME" && list(records).length > 1 ? "InvalidChangeBatch: a CNAME record has one value" : undefined;
};

const full = (name: string, zone: string) => (name === "" ? zone : name === zone || name.endsWith(`.${zone}`) ? name : `${name}.${zone}`);

export const route53: Kinds = {
  [RECORD]: {
    replaces: ["zoneId", "setIdentifier", "name", "type"],
    rules: [
      oneOf("type", ["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SPF", "SRV", "TXT", "DS", "NAPTR", "HTTPS", "SVCB"]),
      exactlyOne(["records", "aliases"]),
      between("ttl", 0, 2_147_483_647),
      ({ records, ttl }) => (records !== undefined && ttl === undefined ? "ttl must be set for a record that is no alias" : undefined),
      addresses,
    ],
    create: (inputs, { world }) => {
      const zoneId = text(inputs["zoneId"]);
      const zone = world.get(ZONE, zoneId);
      if (!zone) throw new Error(`NoSuchHostedZone: No hosted zone found with ID: ${zoneId}`);
      const [name, origin] = [text(inputs["name"]).replace(/\.$/, ""), text(zone["name"]).replace(/\.$/, "")];
      // The provider adds the zone's name to whatever does not end with it; of another domain the API says that it is outside.
      if (/\.(ai|com|net|org|io|dev|test|example)$/.test(name) && name !== origin && !name.endsWith(`.${origin}`))
        throw new Error(`InvalidChangeBatch: RRSet with DNS name ${name}. is not permitted in zone ${origin}.`);
      const fqdn = full(name, origin);
      const id = [zoneId, fqdn, text(inputs["type"]), text(inputs["setIdentifier"])].filter((one) => one !== "").join("_");
      if (world.get(RECORD, id) && inputs["allowOverwrite"] !== true)
        throw new Error(`InvalidChangeBatch: Tried to create resource record set [name='${fqdn}.', type='${text(inputs["type"])}'] but it already exists`);
      return { id, outputs: { fqdn } };
    },
  },
};

export function getZone(args: Values, { world }: Place): Values {
  const name = text(args["name"]).replace(/\.$/, "");
  const isPrivate = args["privateZone"] ?? false;
  const fits = (one: Values) => (args["zoneId"] === undefined ? text(one["name"]).replace(/\.$/, "") === name && (one["privateZone"] ?? false) === isPrivate : one["id"] === args["zoneId"]); // prettier-ignore
  const [zone] = world.all(ZONE).filter(fits);
  if (!zone) throw new Error("no matching Route 53 Hosted Zone found");
  const id = text(zone["id"]);
  return {
    ...zone,
    id,
    zoneId: id,
    arn: `arn:aws:route53:::hostedzone/${id}`,
    nameServers: NAME_SERVERS,
    primaryNameServer: NAME_SERVERS[0],
    tags: isRecord(zone["tags"]) ? zone["tags"] : {},
  };
}
