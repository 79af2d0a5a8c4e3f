/** Where at AWS an environment is, once it is, and under which name: neither a disk nor an address can move, so no changed setting moves them. */
import { Refusal } from "./refusal.ts";

export interface Home {
  readonly application: string;
  readonly environment: string;
  readonly region: string;
  /** Of the data disk; known once the network is. */
  readonly zone?: string | undefined;
  /** That the disk was when the stack was made around it. */
  readonly volume?: string | undefined;
}

const ELSEWHERE = 'with its data: docs/aws.md, "To another region"';

/** Throws one error that names every setting that would make an empty disk in place of the one that is there. */
export function refuseToMove(was: Home, wanted: Home): void {
  const problems: string[] = [];
  const say = (key: string, says: string, ...ways: string[]) => problems.push(`  ${key}  ${says}`, ...ways.map((way) => `      ${way}`));
  if (was.application !== wanted.application)
    say(
      "recoloca:application",
      `got "${wanted.application}", and all that is there is called ${was.application}`,
      `back: pulumi config set recoloca:application ${was.application}`,
      "another application is another stack: make new-environment",
    );
  if (was.environment !== wanted.environment)
    say("the stack's name", `got "${wanted.environment}", and all that is there is called ${was.environment}`, `back: pulumi stack rename ${was.environment}`);
  if (wanted.volume !== undefined && wanted.volume !== was.volume)
    say(
      "recoloca:ec2.dataVolume",
      `got ${wanted.volume}, and the stack has a data disk already`,
      "back: pulumi config rm --path recoloca:ec2.dataVolume",
      `around that disk: docs/aws.md, "Up again around the disk that stayed"`,
    );
  if (was.region !== wanted.region)
    say(
      "recoloca:ec2.region",
      `got "${wanted.region}", and the data disk is in ${was.region}`,
      `back: pulumi config set --path recoloca:ec2.region ${was.region}`,
      ELSEWHERE,
    );
  else if (was.zone !== wanted.zone)
    say(
      "recoloca:ec2.subnet",
      `leads to the zone ${String(wanted.zone)}, and the data disk is in ${String(was.zone)}`,
      `a subnet of ${String(was.zone)}, or a network of its own: pulumi config rm --path recoloca:ec2.subnet`,
      ELSEWHERE,
    );
  if (problems.length === 0) return;
  throw new Refusal(`the data disk of this stack would be replaced by another one; nothing was changed\n\n${problems.join("\n")}\n`);
}
