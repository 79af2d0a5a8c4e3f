/** What a person looks at where a server at AWS does not answer. */

interface Silent {
  /** The stack's name. */
  readonly environment: string;
  readonly region: string;
  readonly sshFrom: readonly string[];
  readonly sessionManager: boolean;
  /** One that was there, about which the stack knows nothing else. */
  readonly subnet?: string | undefined;
}

export function whenSilent({ environment, region, sshFrom, sessionManager, subnet }: Silent): string {
  const stack = `--stack ${environment}`;
  const instance = `--region ${region} --instance-id "$(pulumi stack output instance ${stack})"`;
  return [
    sessionManager
      ? `is its tunnel open? make tunnel STACK=${environment}, in a terminal of its own, finds it from the moment that it runs`
      : `it lets in ${sshFrom.join(", ")}: does this machine, or the bastion, come from there? curl -s https://checkip.amazonaws.com; if not:
    pulumi config set ${stack} --path 'recoloca:ec2.sshFrom[${sshFrom.length}]' ADDRESS/32; pulumi up ${stack}`,
    ...(subnet === undefined
      ? []
      : [
          `is its subnet public? its route 0.0.0.0/0 has to lead to an internet gateway, igw-…; none of its own means its network's main ones:
    aws ec2 describe-route-tables --region ${region} --filters Name=association.subnet-id,Values=${subnet}`,
        ]),
    `how it started: aws ec2 get-console-output --latest --output text ${instance}`,
    `where somebody has terminated it, pulumi up --refresh ${stack} makes it anew, around the disk that stayed`,
  ].join("\n  ");
}
