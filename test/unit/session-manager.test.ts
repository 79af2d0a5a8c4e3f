/** A server that is to be reached by Session Manager alone: when that is refused, and what a person reads where it does not answer. */
import { expect, test } from "vitest";
import { refuseOtherSystem } from "../../components/ec2-machine/system.ts";
import { whenSilent } from "../../components/ec2-machine/when-silent.ts";

const wish = (generation: number) => ({ instanceType: "t4g.small", architecture: "arm64", sessionManager: true, generation });

test("a server with Debian cannot follow, and is told the one update that it takes: another generation with it", () => {
  const on =
    (image: string, generation = 1) =>
    () =>
      refuseOtherSystem({ image, architecture: "arm64" }, wish(generation));
  expect(on("debian-13")).toThrow(`the server that is there cannot do this; nothing was changed

  recoloca:ec2.reach  got "session-manager", and the server runs debian-13, which has no agent of it: nobody would get in any more
      in the same update another server in its place, whose system has it, with address, keys and data, some minutes without it: pulumi config set --path recoloca:ec2.generation 2; pulumi up
      its tunnel is opened meanwhile, as soon as it runs: docs/aws.md, A shell on it
`);
  // What is remembered of a system is, with a new generation, what that generation is to have.
  expect(on("ubuntu-24.04", 2)).not.toThrow();
});

test("of one in a subnet that was there it is said how to see whether that is public", () => {
  const silent = { environment: "staging", region: "sa-east-1", sshFrom: ["203.0.113.0/24"], sessionManager: false };
  expect(whenSilent({ ...silent, subnet: "subnet-0123456789abcdef0" })).toMatch(
    /is its subnet public\?.*igw-.*\n.*describe-route-tables --region sa-east-1 --filters Name=association\.subnet-id,Values=subnet-0123456789abcdef0\n/,
  );
  expect(whenSilent(silent)).not.toContain("subnet");
});

test("of one that is silent it is said how its tunnel is opened, also while it is being made", () => {
  const said = whenSilent({ environment: "staging", region: "sa-east-1", sshFrom: [], sessionManager: true });
  expect(said).toMatch(/^is its tunnel open\? make tunnel STACK=staging, in a terminal of its own, finds it from the moment that it runs\n/);
});
