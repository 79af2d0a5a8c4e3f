/** Who hears at night that an environment is not well: one topic, one address, and what is looked at. */
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import type { Provider } from "@pulumi/aws/provider.js";
import { Topic } from "@pulumi/aws/sns/topic.js";
import { TopicPolicy } from "@pulumi/aws/sns/topicPolicy.js";
import { TopicSubscription } from "@pulumi/aws/sns/topicSubscription.js";
import * as pulumi from "@pulumi/pulumi";
import type { Limits } from "../../release/observation.ts";
import { stackName } from "../../release/plan.ts";
import { explained } from "../aws-errors.ts";
import { awsPlace } from "../aws-place.ts";
import { fromAlarmsOf, policy } from "../aws-policy.ts";
import { alarmsOf } from "./alarms.ts";

export interface EnvironmentAlarmsArgs {
  readonly provider: Provider;
  readonly application: string;
  readonly environment: string;
  readonly region: string;
  /** Gets a message that has to be confirmed before any other comes. */
  readonly email: string;
  readonly limits: Limits;
  /** Id of a key that CloudWatch's alarms may use: what they write is encrypted by it. */
  readonly key: pulumi.Input<string>;
}

export class EnvironmentAlarms extends pulumi.ComponentResource {
  /** Others may subscribe to it, too. */
  readonly topic: pulumi.Output<string>;

  constructor(name: string, args: EnvironmentAlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:EnvironmentAlarms", name, { application: args.application, environment: args.environment }, opts);
    const { application, environment, region, email, limits } = args;
    const full = stackName(args);
    const own = { parent: this, provider: args.provider, hooks: explained() };
    const topic = new Topic(full, { name: `${full}-alarms`, displayName: `${application} ${environment}`, kmsMasterKeyId: args.key }, own);
    const inside = { ...own, parent: topic };
    const opened = new TopicPolicy(
      full,
      {
        arn: topic.arn,
        policy: pulumi.all([topic.arn, awsPlace(own)]).apply(([arn, place]) =>
          policy({
            Sid: "Alarms",
            Effect: "Allow",
            Principal: { Service: "cloudwatch.amazonaws.com" },
            Action: "sns:Publish",
            Resource: arn,
            Condition: fromAlarmsOf({ ...place, region }, full),
          }),
        ),
      },
      inside,
    );
    new TopicSubscription(full, { topic: topic.arn, protocol: "email", endpoint: email }, inside);
    for (const [what, alarm] of Object.entries(alarmsOf(full, limits)))
      new MetricAlarm(`${full}-${what}`, { ...alarm, alarmActions: [topic.arn], okActions: [topic.arn] }, { ...own, dependsOn: opened });
    this.topic = topic.arn;
    this.registerOutputs({ topic: this.topic });
  }
}
