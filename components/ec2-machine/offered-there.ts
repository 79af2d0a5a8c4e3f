/** AWS has an instance type not in every zone, and a stack's disk does not leave its own. AWS would stop the machine first, and then say so. */
import * as pulumi from "@pulumi/pulumi";
import { Refusal } from "../refusal.ts";

export interface Offer {
  readonly region: string;
  /** Of the region, those that have the type. */
  readonly zones: readonly string[];
  /** Where the stack is. */
  readonly here: string;
}

/** Of an instance that is made, or gets another type: one that runs is left alone, whatever AWS has today. `offer` is known once the inputs are. */
export function offeredThere(offer: () => Offer): pulumi.ResourceHookBinding {
  const hook = (when: string) =>
    new pulumi.ResourceHook(
      `ec2.instanceType-offered-there-${when}`,
      ({ oldInputs, newInputs }) => {
        const [was, wanted] = [oldInputs, newInputs].map((inputs) => (inputs as { readonly instanceType?: unknown } | undefined)?.instanceType);
        if (typeof wanted === "string" && was !== wanted) refuseOtherZone(wanted, offer());
      },
      { onDryRun: true },
    );
  return { beforeCreate: [hook("made")], beforeUpdate: [hook("changed")] };
}

export function refuseOtherZone(instanceType: string, { region, zones, here }: Offer): void {
  if (zones.includes(here)) return;
  throw new Refusal(`the server cannot have this type where it is; nothing was changed

  recoloca:ec2.instanceType  got "${instanceType}", which AWS has in ${zones.join(", ")}, and the stack is in ${here}
      those it has there: aws ec2 describe-instance-type-offerings --region ${region} --location-type availability-zone --filters Name=location,Values=${here} Name=instance-type,Values='*.${instanceType.split(".")[1] ?? "small"}' --query 'InstanceTypeOfferings[].InstanceType'
`);
}
