/** What policies call the things of an environment at AWS, most of which are called after it. Pure. */
import { stackName } from "../release/plan.ts";
import type { AwsPlace } from "./aws-place.ts";

export interface RegionPlace extends AwsPlace {
  readonly region: string;
}

export interface EnvironmentPlace extends RegionPlace {
  readonly application: string;
  readonly environment: string;
}

export const bucketArn = ({ partition }: Pick<AwsPlace, "partition">, name: string) => `arn:${partition}:s3:::${name}`;

/** Its own, and those that somebody has chosen. */
export const bucketsOf = (place: EnvironmentPlace, chosen: readonly string[]) => [`${stackName(place)}-*`, ...chosen].map((name) => bucketArn(place, name));

export const parametersOf = ({ partition, account, region, application, environment }: EnvironmentPlace) =>
  `arn:${partition}:ssm:${region}:${account}:parameter/${application}/${environment}/*`;

export const logGroupArn = ({ partition, account, region }: RegionPlace, name: string) => `arn:${partition}:logs:${region}:${account}:log-group:${name}`;
