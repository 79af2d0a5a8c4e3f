/** aws.sns and aws.cloudwatch: who is told, and of what; and the logs that metrics are made of. */
import { randomUUID } from "node:crypto";
import { ACCOUNT, arn, between, exactlyOne, formed, oneOf, tagged } from "./aws-account.ts";
import { policy } from "./aws-policies.ts";
import type { Kinds, Reference, Rule } from "./kinds.ts";
import { list, text } from "./values.ts";

const TOPIC = "aws:sns/topic:Topic";
const TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy";
const LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup";
const SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription";

const COMPARISONS = [
  "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
  "LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold",
]; // prettier-ignore

/** An endpoint has the form that its protocol asks for. */
const endpoint: Rule = ({ protocol, endpoint: given }) => {
  if (given === undefined) return undefined;
  const forms: Readonly<Record<string, RegExp>> = { email: /^[^@\s]+@[^@\s]+$/, https: /^https:\/\//, http: /^http:\/\//, sms: /^\+\d+$/ };
  const form = forms[text(protocol)] ?? /^arn:aws:/;
  return form.test(text(given)) ? undefined : `InvalidParameter: Invalid parameter: Endpoint does not fit the protocol ${text(protocol)}`;
};

const actions: Rule = (inputs) => {
  const named = ["alarmActions", "okActions", "insufficientDataActions"].flatMap((one) => list(inputs[one]).map(text));
  const wrong = named.find((one) => !one.startsWith("arn:"));
  return wrong === undefined ? undefined : `ValidationError: Invalid arn syntax: ${wrong}`;
};

/** A period is 10, 20, 30 or a multiple of 60 seconds, and all that is looked at is at most a week, a day where the period is short. */
const period: Rule = ({ period: seconds, evaluationPeriods: count }) => {
  if (typeof seconds !== "number") return undefined;
  if (![10, 20, 30].includes(seconds) && seconds % 60 !== 0) return "ValidationError: The period must be 10, 20, 30 or a multiple of 60";
  const most = seconds < 3600 ? 86_400 : 604_800;
  return typeof count === "number" && seconds * count > most
    ? `ValidationError: Metrics cannot be checked across more than ${most} seconds (evaluationPeriods * period)`
    : undefined;
};

const topic: Reference = { type: TOPIC, missing: "NotFound: Topic does not exist: %s" };

/** Days; 0 is for ever. */
const RETENTIONS = [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

const retention: Rule = ({ retentionInDays: days }) =>
  days === undefined || RETENTIONS.includes(days as number)
    ? undefined
    : `expected retention_in_days to be one of [${RETENTIONS.join(" ")}], got ${JSON.stringify(days)}`;

/** CloudWatch asks the key once, when the group is made: one that does not let it in is refused. */
const letsLogsIn = (keyPolicy: string, region: string, group: string) =>
  keyPolicy.includes(`logs.${region}.amazonaws.com`) && keyPolicy.includes(`:log-group:${group}"`);

export const alarms: Kinds = {
  [LOG_GROUP]: {
    named: "name",
    replaces: ["name", "namePrefix", "logGroupClass"],
    rules: [
      formed("name", /^[\w./#-]{1,512}$/, "at most 512 letters, digits, _ - / . and #"),
      formed("kmsKeyId", /^arn:aws:kms:/, "the ARN of a key"),
      retention,
      oneOf("logGroupClass", ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"]),
      tagged,
    ],
    create: (inputs, at) => {
      const name = text(inputs["name"]);
      if (at.world.get(LOG_GROUP, name)) throw new Error(`ResourceAlreadyExistsException: The specified log group already exists: ${name}`);
      const key = at.world.all("aws:kms/key:Key").find((one) => one["arn"] === inputs["kmsKeyId"]);
      if (inputs["kmsKeyId"] !== undefined && !(key && letsLogsIn(text(key["policy"]), at.region, name)))
        throw new Error(
          `AccessDeniedException: The specified KMS key does not exist or is not allowed to be used with Arn '${arn("logs", at.region, `log-group:${name}`)}'`,
        );
      return { id: name, outputs: { arn: arn("logs", at.region, `log-group:${name}`), logGroupClass: inputs["logGroupClass"] ?? "STANDARD" } };
    },
  },
  [TOPIC_POLICY]: {
    replaces: ["arn"],
    refers: { arn: topic },
    rules: [policy("policy", "resource", "InvalidParameter")],
    create: (inputs) => ({ id: text(inputs["arn"]), outputs: { owner: ACCOUNT } }),
  },
  [TOPIC]: {
    named: "name",
    replaces: ["name", "namePrefix", "fifoTopic"],
    rules: [formed("name", /^[A-Za-z0-9_-]{1,256}(\.fifo)?$/, "at most 256 letters, digits, hyphens and underscores"), tagged],
    create: (inputs, at) => {
      const id = arn("sns", at.region, text(inputs["name"]));
      return { id, outputs: { arn: id, owner: ACCOUNT } };
    },
  },
  [SUBSCRIPTION]: {
    replaces: ["topic", "protocol", "endpoint"],
    refers: { topic },
    rules: [oneOf("protocol", ["email", "email-json", "http", "https", "sms", "sqs", "lambda", "firehose", "application"]), endpoint],
    create: (inputs) => {
      const id = `${text(inputs["topic"])}:${randomUUID()}`;
      return { id, outputs: { arn: id, ownerId: ACCOUNT, pendingConfirmation: ["email", "https", "http"].includes(text(inputs["protocol"])) } };
    },
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    named: "name",
    replaces: ["name"],
    rules: [
      formed("name", /^.{1,255}$/, "at most 255 characters"),
      oneOf("comparisonOperator", COMPARISONS),
      oneOf("statistic", ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]),
      oneOf("treatMissingData", ["breaching", "notBreaching", "ignore", "missing"]),
      exactlyOne(["metricName", "metricQueries"]),
      exactlyOne(["statistic", "extendedStatistic"], false),
      between("evaluationPeriods", 1, 604_800),
      ({ datapointsToAlarm: some, evaluationPeriods: all }) =>
        typeof some === "number" && typeof all === "number" && some > all
          ? "ValidationError: DatapointsToAlarm must be less than or equal to EvaluationPeriods"
          : undefined,
      period,
      actions,
      tagged,
    ],
    create: (inputs, at) => {
      const name = text(inputs["name"]);
      const defaults = { actionsEnabled: true, treatMissingData: "missing" };
      return {
        id: name,
        outputs: {
          arn: arn("cloudwatch", at.region, `alarm:${name}`),
          ...Object.fromEntries(Object.entries(defaults).filter(([key]) => inputs[key] === undefined)),
        },
      };
    },
  },
};
