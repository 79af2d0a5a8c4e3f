/** Where an environment's server writes what it measures, what happens, and what its containers print: one log group of CloudWatch. */
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import type { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import type { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { CloudWatch } from "../../release/observation.ts";
import { stackName } from "../../release/plan.ts";
import { logGroupArn } from "../aws-arn.ts";
import { explained } from "../aws-errors.ts";
import { awsPlace } from "../aws-place.ts";
import { keyPolicy, writerPolicy } from "./policies.ts";

export interface EnvironmentLogArgs {
  readonly provider: Provider;
  readonly application: string;
  readonly environment: string;
  readonly region: string;
  readonly keepLogsDays: number;
  /** Whose role may add to it. */
  readonly writer: Role;
}

export class EnvironmentLog extends pulumi.ComponentResource {
  /** For whoever writes to it with that role. */
  readonly sink: pulumi.Output<CloudWatch>;
  /** Id of the key, which the environment's alarms may use, too. */
  readonly key: pulumi.Output<string>;

  constructor(name: string, args: EnvironmentLogArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:EnvironmentLog", name, { application: args.application, environment: args.environment }, opts);
    const { application, environment, region, keepLogsDays, writer } = args;
    const full = stackName(args);
    const group = `/${application}/${environment}`;
    const own = { parent: this, provider: args.provider, hooks: explained() };
    const place = awsPlace(own).apply((where) => ({ ...where, region }));
    const key = new Key(
      `${full}-log`,
      {
        description: `What is written of ${application}, ${environment}, and its alarms`,
        enableKeyRotation: true,
        deletionWindowInDays: 7,
        policy: place.apply((where) => keyPolicy(where, group, full)),
      },
      own,
    );
    new Alias(`${full}-log`, { name: `alias/${full}-log`, targetKeyId: key.id }, own);
    const log = new LogGroup(full, { name: group, retentionInDays: keepLogsDays, kmsKeyId: key.arn }, own);
    const grant = new RolePolicy(`${full}-log`, { role: writer.id, policy: place.apply((where) => writerPolicy(logGroupArn(where, group))) }, own);
    // Known once whoever writes may do so.
    this.sink = pulumi.all([log.id, grant.id]).apply(() => ({ to: "cloudwatch" as const, region, group }));
    this.key = key.id;
    this.registerOutputs({ group });
  }
}
