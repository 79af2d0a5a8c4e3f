/** Where AWS has an instance type: not in every zone, and a stack's disk does not leave its own. */
import { expect, test } from "vitest";
import { firstOf } from "../../components/ec2-machine/network.ts";
import { refuseOtherZone } from "../../components/ec2-machine/offered-there.ts";

test("of a new stack the first one is taken", () => expect(firstOf(["sa-east-1a", "sa-east-1b"])).toBe("sa-east-1a"));

test("a type that the stack's zone does not have is refused before the machine is stopped, with how to find those it has", () => {
  const zones = ["sa-east-1a", "sa-east-1b"];
  expect(() => refuseOtherZone("m8g.large", { region: "sa-east-1", zones, here: "sa-east-1b" })).not.toThrow();
  expect(() => refuseOtherZone("m8g.large", { region: "sa-east-1", zones, here: "sa-east-1c" })).toThrowErrorMatchingInlineSnapshot(`
    [Error: the server cannot have this type where it is; nothing was changed

      recoloca:ec2.instanceType  got "m8g.large", which AWS has in sa-east-1a, sa-east-1b, and the stack is in sa-east-1c
          those it has there: aws ec2 describe-instance-type-offerings --region sa-east-1 --location-type availability-zone --filters Name=location,Values=sa-east-1c Name=instance-type,Values='*.large' --query 'InstanceTypeOfferings[].InstanceType'
    ]
  `);
});
