/** What a person looks at where a server at AWS does not answer. */

interface Silent {
  /** The stack's name. */
  readonly environment: string;
  readonly region: string;
  readonly sshFrom: readonly string[];
  readonly sessionManager: boolean;
}

export function whenSilent({ environment, region, sshFrom, sessionManager }: Silent): string {
  const stack = `--stack ${environment}`;
  const instance = `--region ${region} --target "$(pulumi stack output instance ${stack})"`;
  return [
    sessionManager
      ? `is its tunnel open? aws ssm start-session ${instance} --document-name AWS-StartPortForwardingSession --parameters "portNumber=22,localPortNumber=$(pulumi config get recoloca:hostPort ${stack} 2>/dev/null || echo 22)"
    one that this update has made is not in the stack's outputs yet: docs/aws.md, A shell on it, has the way to it`
      : `it lets in ${sshFrom.join(", ")}: does this machine, or the bastion, come from there? curl -s https://checkip.amazonaws.com; if not:
    pulumi config set ${stack} --path 'recoloca:ec2.sshFrom[${sshFrom.length}]' ADDRESS/32; pulumi up ${stack}`,
    `how it started: aws ec2 get-console-output --latest --output text ${instance.replace("--target", "--instance-id")}`,
    `where somebody has terminated it, pulumi up --refresh ${stack} makes it anew, around the disk that stayed`,
  ].join("\n  ");
}
