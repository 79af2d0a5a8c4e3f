/** Which environments of pull requests there are: one file for each, beside the policy that they are made by. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as z from "zod";
import { reviewEnvironment, reviewPolicySchema, type ReviewPolicy } from "../../release/review.ts";
import { ROOT, readJson, writeWhole } from "../store.ts";

/** With what they are of: their containers and data outlive the machine, too. */
const FOLDER = path.join(ROOT, "review");
const POLICY = "policy.json";
const PRIVATE = 0o600;

const environmentSchema = z.strictObject({
  number: z.int(),
  openedAt: z.iso.datetime(),
  /** Of the newest push. */
  renewedAt: z.iso.datetime(),
  seeded: z.boolean(),
  /** Values of its own, by their names in the policy. */
  secrets: z.record(z.string(), z.string()),
});
export type Environment = z.infer<typeof environmentSchema>;

const DAY = 86_400_000;

/** Of one application. */
export class Environments {
  readonly application: string;
  readonly lockFile: string;
  private readonly folder: string;

  constructor(application: string) {
    this.application = application;
    this.folder = path.join(FOLDER, application);
    this.lockFile = path.join(this.folder, "lock");
  }

  /** Undefined where the stack allows none. */
  policy(): ReviewPolicy | undefined {
    const text = readJson(path.join(this.folder, POLICY));
    return text === undefined ? undefined : reviewPolicySchema.parse(text);
  }

  setPolicy(policy: ReviewPolicy | undefined): void {
    const file = path.join(this.folder, POLICY);
    if (!policy) return fs.rmSync(file, { force: true });
    fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writeWhole(file, JSON.stringify(policy), PRIVATE);
  }

  private file = (number: number) => path.join(this.folder, `${reviewEnvironment(number)}.json`);

  get(number: number): Environment | undefined {
    const found = readJson(this.file(number));
    return found === undefined ? undefined : environmentSchema.parse(found);
  }

  set(environment: Environment): void {
    writeWhole(this.file(environment.number), JSON.stringify(environment), PRIVATE);
  }

  forget(number: number): void {
    fs.rmSync(this.file(number), { force: true });
  }

  /** The one that goes next is the first. */
  all(): Environment[] {
    if (!fs.existsSync(this.folder)) return [];
    return fs
      .readdirSync(this.folder)
      .flatMap((name) => /^pr-(\d+)\.json$/.exec(name)?.[1] ?? [])
      .flatMap((number) => this.get(Number(number)) ?? [])
      .sort((one, other) => (one.renewedAt < other.renewedAt ? -1 : 1));
  }

  /** With the values that it has already, and new ones for names that are new. */
  renewed(number: number, names: readonly string[], now: Date): Environment {
    const before = this.get(number);
    const at = now.toISOString();
    const secrets = Object.fromEntries(names.map((name) => [name, before?.secrets[name] ?? randomBytes(24).toString("hex")]));
    return { number, openedAt: before?.openedAt ?? at, renewedAt: at, seeded: before?.seeded ?? false, secrets };
  }
}

export const endsAt = ({ renewedAt }: Pick<Environment, "renewedAt">, { days }: Pick<ReviewPolicy, "days">) => new Date(Date.parse(renewedAt) + days * DAY);
