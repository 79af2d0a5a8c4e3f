/** How an environment is watched: where what is measured goes, and who hears when it is too much. */
import * as z from "zod";
import type { Limits, Observation } from "../release/observation.ts";
import type { Telemetry } from "../release/plan.ts";
import { noted, setCommand, type Problem } from "./problems.ts";

const percent = (fallback: number) => z.number().min(1, "wants a percentage from 1 to 100").max(100, "wants a percentage from 1 to 100").default(fallback);

/** Days that CloudWatch keeps a log group's events for: it knows no others. */
export const KEEPS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;

export const observabilityForm = z.strictObject({
  to: z.enum(["cloudwatch", "telemetry"]),
  logs: z.boolean().default(true),
  keepLogs: z
    .number()
    .refine((days) => (KEEPS as readonly number[]).includes(days), `wants one of ${KEEPS.join(", ")} days`)
    .optional(),
  email: z.email("wants an e-mail address").optional(),
  disk: percent(85),
  memory: percent(90),
  errors: percent(5),
});
export type Observability = z.output<typeof observabilityForm>;

export interface ObservabilityValues {
  readonly observability?: Observability | undefined;
  readonly ec2?: object | undefined;
  readonly telemetry?: Telemetry | undefined;
}

/** What can only be seen with several values side by side. `given`: keys that the stack's file has. */
export function checkObservability({ observability, ec2 }: ObservabilityValues, given: ReadonlySet<string>): Problem[] {
  if (!observability) return [];
  const { to, email, keepLogs } = observability;
  const { problems, say } = noted();
  if (to === "cloudwatch" && !ec2 && !given.has("ec2"))
    say(
      "observability.to",
      'got "cloudwatch", which wants a server at AWS that the stack makes: its role may write there. A server of your own sends to recoloca:telemetry',
      setCommand("observability.to", "telemetry"),
    );
  if (to === "telemetry" && !given.has("telemetry"))
    say("telemetry", 'is missing: recoloca:observability.to is "telemetry", the endpoint that traces go to, too', setCommand("telemetry.endpoint", "", true));
  if (to === "cloudwatch" && email === undefined && !given.has("notify"))
    say(
      "observability.email",
      "is missing: nobody would hear of an alarm; or set recoloca:notify, which the server itself tells",
      setCommand("observability.email", "ops@recoloca.ai"),
    );
  if (to === "telemetry" && email !== undefined)
    say(
      "observability.email",
      `got "${email}": only CloudWatch's alarms write e-mail. The server itself tells recoloca:notify`,
      "pulumi config rm --path recoloca:observability.email",
    );
  if (to === "telemetry" && keepLogs !== undefined)
    say(
      "observability.keepLogs",
      `got ${keepLogs}: how long logs are kept is for the endpoint to say`,
      "pulumi config rm --path recoloca:observability.keepLogs",
    );
  return problems;
}

/** What a stack has at CloudWatch: a log, and alarms where somebody gets them by e-mail. */
export interface CloudWatchSettings {
  readonly log: { application: string; environment: string; region: string; keepLogsDays: number };
  readonly alarms?: { application: string; environment: string; region: string; email: string; limits: Limits };
}

const limitsOf = ({ disk, memory, errors }: Observability): Limits => ({ disk, memory, errors });

export function cloudWatchOf(observability: Observability, place: { application: string; environment: string; region: string }): CloudWatchSettings {
  const { keepLogs = 30, email } = observability;
  return { log: { ...place, keepLogsDays: keepLogs }, ...(email !== undefined && { alarms: { ...place, email, limits: limitsOf(observability) } }) };
}

/** What its server is told, but for where it sends to. Where CloudWatch has alarms the server itself tells nobody. */
export const observationOf = (observability: Observability, application: string, environment: string): Omit<Observation, "sink"> => ({
  application,
  environment,
  logs: observability.logs,
  limits: limitsOf(observability),
  tells: observability.email === undefined,
});
