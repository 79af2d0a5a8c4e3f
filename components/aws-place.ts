/** Which account of AWS, in which of its partitions, whoever runs this is in: what ARNs are written with. */
import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity.js";
import { getPartition } from "@pulumi/aws/getPartition.js";
import * as pulumi from "@pulumi/pulumi";
import { lookedUp } from "./aws-errors.ts";

export interface AwsPlace {
  /** `aws`; `aws-cn` in China. */
  readonly partition: string;
  /** 12 digits. */
  readonly account: string;
}

export const awsPlace = (opts: pulumi.InvokeOptions): pulumi.Output<AwsPlace> =>
  pulumi
    .all([lookedUp("the partition", getPartition({}, opts)), lookedUp("who is logged in", getCallerIdentity({}, opts))])
    .apply(([{ partition }, { accountId }]) => ({ partition, account: accountId }));
