/** What a server measures of itself and of a stack, and above what somebody is to hear of it: one table, for both ends. */
import type { Limits } from "./observation.ts";

/** The name is what the other side shows, and what alarms there look at. */
export const METRICS = {
  disk: { name: "recoloca.disk.used", unit: "Percent", says: "of the fullest disk, its bytes or its inodes" },
  memory: { name: "recoloca.memory.used", unit: "Percent", says: "of the memory, what is not available any more" },
  load: { name: "recoloca.load", unit: "None", says: "processes that run or wait for it, for each processor" },
  requests: { name: "recoloca.requests", unit: "Count", says: "requests answered since the last look" },
  errors: { name: "recoloca.requests.failed", unit: "Percent", says: "of the requests of five minutes, with 5xx" },
  unhealthy: { name: "recoloca.release.unhealthy", unit: "Count", says: "findings of recoloca doctor on the live release" },
  backupAge: { name: "recoloca.backup.age", unit: "Seconds", says: "since the newest backup" },
  backup: { name: "recoloca.backup.trouble", unit: "Count", says: "1: the last backup failed, or one is late" },
  drillAge: { name: "recoloca.drill.age", unit: "Seconds", says: "since the last drill that passed" },
  drill: { name: "recoloca.drill.trouble", unit: "Count", says: "1: the last drill failed, or one is late" },
  certificateLeft: { name: "recoloca.certificate.left", unit: "Seconds", says: "until the first certificate expires" },
  certificate: { name: "recoloca.certificate.trouble", unit: "Count", says: "1: a certificate should have been renewed by now" },
} as const satisfies Record<string, { name: string; unit: "Percent" | "Count" | "Seconds" | "None"; says: string }>;
export type Metric = keyof typeof METRICS;
export type Figures = Partial<Record<Metric, number>>;

/** In CloudWatch: all environments' metrics together, told apart by the dimension. */
export const NAMESPACE = "recoloca";
export const DIMENSION = "stack";

export interface Alarm {
  /** Above this it is one. */
  readonly limit: (limits: Limits) => number;
  /** In so many minutes, one after the other. */
  readonly minutes: number;
}

const any: Alarm["limit"] = () => 0;

/** The same on the server and in CloudWatch. */
export const ALARMS: Readonly<Partial<Record<Metric, Alarm>>> = {
  disk: { limit: ({ disk }) => disk, minutes: 5 },
  memory: { limit: ({ memory }) => memory, minutes: 5 },
  errors: { limit: ({ errors }) => errors, minutes: 2 },
  unhealthy: { limit: any, minutes: 3 },
  backup: { limit: any, minutes: 1 },
  drill: { limit: any, minutes: 1 },
  certificate: { limit: any, minutes: 1 },
};
