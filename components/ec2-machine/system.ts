/** What is on a machine's root disk and stays there until the next generation: what a changed setting wants of it is either there, or refused. */
import { Refusal } from "../refusal.ts";

export interface System {
  /** `debian-13`; an image's id. */
  readonly image: string;
  /** In AWS's word: `x86_64`, `arm64`. */
  readonly architecture: string;
}

interface Wish {
  readonly instanceType: string;
  /** Of the instance type. */
  readonly architecture: string;
  readonly sessionManager: boolean;
  readonly generation: number;
}

/** Throws one error that names every setting which the system cannot follow: AWS would stop the machine first, and then find that out; or nobody would get in any more. */
export function refuseOtherSystem(there: System, { instanceType, architecture, sessionManager, generation }: Wish): void {
  const anew = `pulumi config set --path recoloca:ec2.generation ${generation + 1}`;
  const problems: string[] = [];
  if (there.architecture !== architecture)
    problems.push(
      `  recoloca:ec2.instanceType  got "${instanceType}", which is ${architecture}, and the system of the server is ${there.architecture}`,
      `      another server in its place, with address, keys and data, some minutes without it: ${anew}`,
      "      the release's images have to be there for it as well: docs/aws.md",
    );
  if (sessionManager && there.image === "debian-13")
    problems.push(
      `  recoloca:ec2.reach  got "session-manager", and the server runs debian-13, which has no agent of it: nobody would get in any more`,
      `      in the same update another server in its place, whose system has it, with address, keys and data, some minutes without it: ${anew}; pulumi up`,
      "      its tunnel is opened meanwhile, as soon as it runs: docs/aws.md, A shell on it",
    );
  if (problems.length > 0) throw new Refusal(`the server that is there cannot do this; nothing was changed\n\n${problems.join("\n")}\n`);
}
