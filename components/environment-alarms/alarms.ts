/** What an environment's alarms look at, and what they say to a person who gets them at night. Pure. */
import { ALARMS, DIMENSION, METRICS, NAMESPACE, type Metric } from "../../release/metrics.ts";
import type { Limits } from "../../release/observation.ts";

export interface AlarmInputs {
  readonly name: string;
  readonly alarmDescription: string;
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Record<string, string>;
  readonly statistic: "Maximum" | "SampleCount";
  readonly comparisonOperator: "GreaterThanThreshold" | "LessThanThreshold";
  readonly threshold: number;
  /** Seconds. */
  readonly period: number;
  readonly evaluationPeriods: number;
  readonly treatMissingData: "missing" | "breaching";
}

const MINUTE = 60;
/** Minutes without a word from the server: a restart of it takes two or three. */
const SILENT = 10;

/** To each metric, what to look at first. */
const LOOK: Readonly<Partial<Record<Metric, string>>> = {
  disk: "docker system df on the server shows what takes it; recoloca prune takes away what no release needs; recoloca:ec2.dataDisk makes it larger",
  memory: "docker stats on the server shows who has it",
  errors: "recoloca status, recoloca logs; recoloca rollback goes back to the release before",
  unhealthy: "recoloca doctor on the server says what it is",
  backup: "recoloca doctor on the server says why; recoloca backup takes one now",
  drill: "recoloca doctor on the server says why; recoloca drill does one now",
  certificate: "recoloca certificate on the server says why; with --renew it is asked for now",
};

export function alarmsOf(stack: string, limits: Limits): Readonly<Record<string, AlarmInputs>> {
  const of = (metric: Metric) => ({ namespace: NAMESPACE, metricName: METRICS[metric].name, dimensions: { [DIMENSION]: stack } });
  const too = (Object.entries(ALARMS) as [Metric, (typeof ALARMS)[Metric]][]).map(([metric, alarm]): [string, AlarmInputs] => [
    metric,
    {
      name: `${stack}-${metric}`,
      alarmDescription: `${stack}: ${METRICS[metric].says}. ${LOOK[metric]}.`,
      ...of(metric),
      statistic: "Maximum",
      comparisonOperator: "GreaterThanThreshold",
      threshold: alarm!.limit(limits),
      period: MINUTE,
      evaluationPeriods: alarm!.minutes,
      // One alarm for a server that says nothing is enough.
      treatMissingData: "missing",
    },
  ]);
  const silent: AlarmInputs = {
    name: `${stack}-silent`,
    alarmDescription: `${stack}: the server has said nothing for ${SILENT} minutes. Is it up? aws ec2 describe-instance-status; then recoloca doctor on it.`,
    ...of("memory"),
    statistic: "SampleCount",
    comparisonOperator: "LessThanThreshold",
    threshold: 1,
    period: SILENT * MINUTE,
    evaluationPeriods: 1,
    treatMissingData: "breaching",
  };
  return Object.fromEntries([...too, ["silent", silent]]);
}
