/**
 * What a repository of that visibility and plan has at GitHub, and what takes its place where it has not. Sources: GitHub's documentation of
 * environments ("Managing environments for deployment"), rulesets ("About rulesets"), artifact attestations, code scanning and Pages.
 */
import type { Github } from "./github-form.ts";

export interface Abilities {
  /** Environments, with their secrets and rules for branches and tags. */
  readonly environments: boolean;
  /** Reviewers and wait timers. */
  readonly approval: boolean;
  readonly rulesets: boolean;
  readonly attestations: boolean;
  /** SARIF under "Security". */
  readonly codeScanning: boolean;
  readonly pages: boolean;
}
export type Ability = keyof Abilities;

export function abilitiesOf({ visibility, plan, codeSecurity }: Pick<Github, "visibility" | "plan" | "codeSecurity">): Abilities {
  const open = visibility === "public";
  const paid = plan !== "free";
  const enterprise = plan === "enterprise";
  return {
    environments: open || paid,
    approval: open || enterprise,
    rulesets: open || paid,
    attestations: open || enterprise,
    codeScanning: open || codeSecurity,
    pages: open || paid,
  };
}

const INSTEAD: Record<Exclude<Ability, "environments">, string> = {
  approval: "no approval by reviewers and no wait timer: a production release begins with a tag, which only recoloca:github.releasers may create, or by hand",
  rulesets: "no rules for branches and tags",
  attestations: "no attestations at GitHub: images are signed, and the signature is checked before a deploy",
  codeScanning: "no findings under Security: they are in each run's summary, and a finding fails the run",
  pages: "no page of delivery metrics: they are in the run's summary and its artifact",
};

/** One line for each thing that is missing, for the preview. */
export function lackOf(github: Pick<Github, "visibility" | "plan" | "codeSecurity">): string[] {
  const has = abilitiesOf(github);
  const what = `GitHub's ${github.plan} plan with a repository that is ${github.visibility}`;
  return (Object.keys(INSTEAD) as (keyof typeof INSTEAD)[]).filter((ability) => !has[ability]).map((ability) => `${what} has ${INSTEAD[ability]}`);
}
