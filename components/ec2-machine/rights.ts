/** Actions at AWS that a server's role is given, and its boundary lets it have. */

/**
 * What Session Manager's agent needs, and no more: AWS's own AmazonSSMManagedInstanceCore reads every parameter of the account beside it.
 * Source: AWS's page on a custom role for Session Manager.
 */
export const SESSIONS: readonly string[] = [
  "ssm:UpdateInstanceInformation",
  ...["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"].map((one) => `ssmmessages:${one}`),
];
/** Reading images of the account's own registry. */
export const PULL: readonly string[] = ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"];
