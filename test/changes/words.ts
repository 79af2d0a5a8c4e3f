/** What changes, in the words of whoever reads the table. Pure. */
import { ALL_COMMANDS, type Effect, type Row } from "./row.ts";

const BUCKET = "settings of the bucket";
const GITHUB_RULES = "rules of the repository";
const NETWORK = "network";
const ALARMS = "alarms";

/** Of each kind. Empty: it only goes along with another. */
export const WORDS: Readonly<Record<string, string>> = {
  Instance: "server",
  EipAssociation: "",
  VolumeAttachment: "",
  Volume: "data disk",
  "host-data-disk": "its file system",
  Record: "record of the name",
  SecurityGroup: "firewall",
  SecurityGroupIngressRule: "who may come in",
  SecurityGroupEgressRule: "",
  ...Object.fromEntries(["Vpc", "Subnet", "InternetGateway", "RouteTable", "RouteTableAssociation"].map((kind) => [kind, NETWORK])),
  RolePolicy: "what the server may do at AWS",
  Policy: "the most that the server's role may ever do",
  Role: "roles",
  PrivateKey: "the key of pull requests",
  BucketObjectLockConfiguration: BUCKET,
  BucketLifecycleConfiguration: BUCKET,
  BucketLogging: "log of the bucket",
  ...Object.fromEntries(["MetricAlarm", "Topic", "TopicPolicy"].map((kind) => [kind, ALARMS])),
  TopicSubscription: "who gets them",
  LogGroup: "log at CloudWatch",
  Key: "its key",
  Alias: "",
  OpenIdConnectProvider: "the account's entry for GitHub",
  RandomPassword: "a made secret",
  "host-program": "host program",
  "host-bootstrap": "packages of the server",
  "host-bucket": "program for the bucket",
  "host-measurements": "program that measures",
  "host-traces": "program for traces",
  "host-review": "program for pull requests",
  observation: "what is measured",
  registry: "login at the registry",
  review: "what pull requests may have",
  "review-key": "",
  Repository: "settings of the repository",
  ...Object.fromEntries(
    ["RepositoryRuleset", "ActionsRepositoryPermissions", "WorkflowRepositoryPermissions", "RepositoryVulnerabilityAlerts"].map((kind) => [kind, GITHUB_RULES]),
  ),
  RepositoryEnvironment: "environments",
  RepositoryEnvironmentDeploymentPolicy: "branches and tags of environments",
  ActionsEnvironmentVariable: "variables for jobs",
  ActionsVariable: "variables for jobs",
  ActionsEnvironmentSecret: "secrets for jobs",
  RepositoryFile: "workflow files",
  Branch: "their branch",
  RepositoryPullRequest: "their pull request",
};

const SIGNS = { "~": "in place", "+": "made", "±": "another", "-": "gone" } as const;
/** More kinds than anybody would read: it is everything. */
const MANY = 25;

export function whatHappens({ does = [], refused }: Row): string {
  if (refused) return "refused, nothing is changed";
  if (does.length === 0) return "nothing";
  const again = ["~ host-bootstrap", "~ host-bucket", "~ registry"].every((one) => does.includes(one));
  const rest: Effect[] = does.filter((one) => one !== "rolls" && one !== "~ release" && !(again && ALL_COMMANDS.includes(one)));
  const told = does.includes("~ release") ? ["told to the server, nothing rolls"] : [];
  const rolls = does.includes("rolls") ? ["the release rolls"] : [];
  const commands = again ? ["what is on the server is put there once more"] : [];
  if (rest.length > MANY) return ["everything at AWS, in place", ...commands, ...told, ...rolls].join("; ");
  const signed = Object.entries(SIGNS).flatMap(([sign, word]) => {
    const kinds = rest.filter((one) => one.startsWith(`${sign} `)).map((one) => one.slice(2));
    const words = [...new Set(kinds.map((kind) => WORDS[kind] ?? kind))].filter(Boolean);
    return words.length > 0 ? [`${word}: ${words.join(", ")}`] : [];
  });
  return [...signed, ...commands, ...told, ...rolls].join("; ");
}

export const forVisitors = ({ visitors }: Row): string => visitors ?? "notice nothing";
