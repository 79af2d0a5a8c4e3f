/** Actions at AWS that a server's role is given, and its boundary lets it have. */

/**
 * What Session Manager's agent needs, and no more: AWS's own AmazonSSMManagedInstanceCore reads every parameter of the account beside it.
 * Source: AWS's page on a custom role for Session Manager.
 */
export const SESSIONS: readonly string[] = [
  "ssm:UpdateInstanceInformation",
  ...["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"].map((one) => `ssmmessages:${one}`),
];
/** Reading images of AWS's registry, once logged in to it. */
export const PULL: readonly string[] = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"];
/** AWS knows no narrower right to log in. */
export const LOGIN: readonly string[] = ["ecr:GetAuthorizationToken"];

/** What a registry of AWS's may be read of: `123456789012.dkr.ecr.sa-east-1.amazonaws.com` by its account and region. */
export function repositoriesOf(registry: string, partition: string): string {
  const [account, , , region] = registry.split(".");
  return `arn:${partition}:ecr:${region}:${account}:repository/*`;
}
