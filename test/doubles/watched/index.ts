/** An environment's log and its alarms on their own: all that observing one makes at AWS. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { EnvironmentAlarms } from "../../../components/environment-alarms/index.ts";
import { EnvironmentLog } from "../../../components/environment-log/index.ts";

const config = new pulumi.Config();
const place = { application: "recoloca", environment: "staging", region: "sa-east-1" };
const provider = new aws.Provider("aws", { region: place.region, defaultTags: { tags: { application: place.application } } });
const role = new aws.iam.Role("server", { assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "ec2.amazonaws.com" }) }, { provider });

const log = new EnvironmentLog("log", { ...place, provider, keepLogsDays: config.getNumber("keepLogs") ?? 30, writer: role });
const limits = { disk: config.getNumber("disk") ?? 85, memory: 90, errors: 5 };
const alarms = new EnvironmentAlarms("alarms", { ...place, provider, key: log.key, email: config.get("email") ?? "ops@recoloca.ai", limits });

export const sink = log.sink;
export const { topic } = alarms;
