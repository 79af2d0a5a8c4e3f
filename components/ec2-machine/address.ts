/** The address of an instance, which stays where the instance is made anew, and the names that lead to it. */
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { EipAssociation } from "@pulumi/aws/ec2/eipAssociation.js";
import { Record } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";

export interface Address {
  readonly ip: pulumi.Output<string>;
  readonly association: EipAssociation;
}

export function fixedAddress(name: string, instanceId: pulumi.Input<string>, protect: boolean, opts: pulumi.CustomResourceOptions): Address {
  const eip = new Eip(name, { domain: "vpc", tags: { Name: name } }, { ...opts, protect });
  const association = new EipAssociation(name, { allocationId: eip.id, instanceId }, { ...opts, deleteBeforeReplace: true });
  return { ip: eip.publicIp, association };
}

interface Names {
  readonly domain: string;
  /** Further ones. */
  readonly names: readonly string[];
}

export function leadTo(
  ip: pulumi.Input<string>,
  zoneId: pulumi.Input<string>,
  name: string,
  { domain, names }: Names,
  opts: pulumi.CustomResourceOptions,
): void {
  const lead = (resource: string, what: string) => new Record(resource, { zoneId, name: what, type: "A", ttl: 300, records: [ip] }, opts);
  lead(name, domain);
  for (const what of names) lead(`${name}-${what}`, what);
}
