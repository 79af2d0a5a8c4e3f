/** How the application logs in to what keeps its data: a pair of logins in turn, so that a password is replaced while the old one still opens. */
import * as z from "zod";
import { serviceName, variableName } from "./forms.ts";

/** PostgreSQL folds and cuts longer ones; these need no quotes anywhere. */
const loginName = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, "a login's name: lower-case letters, digits, underscores");

export const loginSchema = z.strictObject({
  kind: z.enum(["postgres", "redis"]),
  /** The service of the base that keeps the data. */
  service: serviceName,
  /** Variables of the release that have the login's name and password; the values are in `variables` and nowhere else. */
  user: variableName,
  password: variableName,
  /** Logins that are closed once the release is live and the old one is gone. */
  closes: z.array(loginName).max(4),
  /** Variable with the password that the service was first started with. Its own user gets none once the release is live. */
  first: variableName,
});
export type Login = z.infer<typeof loginSchema>;

/** Of one secret: how often it has been renewed, the first one counting as 1, and since which day the present one is there. */
const generationSchema = z.strictObject({
  generation: z.int().min(1),
  /** `2026-11-25`. */
  since: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
});
/** By the secret's name in the catalogue; one that is not there has never been renewed. */
export const generationsSchema = z.record(z.string(), generationSchema);
export type Generations = z.infer<typeof generationsSchema>;

export const generationOf = (generations: Generations | undefined, name: string): number => generations?.[name]?.generation ?? 1;

/** Where the value before a rotation goes while it is still accepted. */
export const previousOf = (variable: string): string => `${variable}_PREVIOUS`;
