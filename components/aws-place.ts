/** Which account of AWS, in which of its partitions, whoever runs this is in: what ARNs are written with. */
import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import { getPartitionOutput } from "@pulumi/aws/getPartition.js";
import * as pulumi from "@pulumi/pulumi";

export interface AwsPlace {
  /** `aws`; `aws-cn` in China. */
  readonly partition: string;
  /** 12 digits. */
  readonly account: string;
}

export const awsPlace = (opts: pulumi.InvokeOptions): pulumi.Output<AwsPlace> =>
  pulumi.all([getPartitionOutput({}, opts).partition, getCallerIdentityOutput({}, opts).accountId]).apply(([partition, account]) => ({ partition, account }));
