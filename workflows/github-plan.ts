/**
 * What a repository of that visibility and plan has at GitHub, and what takes its place where it has not. Sources: GitHub's documentation of
 * environments ("Managing environments for deployment"), rulesets ("About rulesets"), artifact attestations, code scanning, Pages and the merge queue,
 * as read in 2026.
 */

export interface RepositoryPlan {
  readonly visibility: "public" | "private" | "internal";
  readonly plan: "free" | "pro" | "team" | "enterprise";
  /** GitHub Code Security is bought for it. @default false */
  readonly codeSecurity?: boolean | undefined;
  /** Whether the repository's Pages are for the page of delivery metrics, which takes the place of whatever is published there. @default false */
  readonly pages?: boolean | undefined;
  /** Whether pull requests are merged by a queue. GitHub has one for repositories of organizations alone. @default false */
  readonly mergeQueue?: boolean | undefined;
}

export interface Abilities {
  /** Environments, with their secrets and rules for branches and tags. */
  readonly environments: boolean;
  /** Reviewers and wait timers. */
  readonly approval: boolean;
  readonly rulesets: boolean;
  readonly attestations: boolean;
  /** SARIF under "Security", and the review of a pull request's dependencies. */
  readonly codeScanning: boolean;
  readonly pages: boolean;
  readonly mergeQueue: boolean;
}
export type Ability = keyof Abilities;

export function abilitiesOf({ visibility, plan, codeSecurity = false, pages = false, mergeQueue = false }: RepositoryPlan): Abilities {
  const open = visibility === "public";
  const paid = plan !== "free";
  const enterprise = plan === "enterprise";
  return {
    environments: open || paid,
    approval: open || enterprise,
    rulesets: open || paid,
    attestations: open || enterprise,
    codeScanning: open || codeSecurity,
    // Of a private repository anybody may read them, but where the plan is Enterprise.
    pages: pages && (open || enterprise),
    mergeQueue: mergeQueue && (open || enterprise),
  };
}

const INSTEAD: Record<Exclude<Ability, "environments">, string> = {
  approval:
    "no approval by reviewers and no wait timer: a production release, and a change of production's infrastructure, begins with a tag, which only recoloca:github.releasers may create, or by hand",
  rulesets: "no rules for branches and tags",
  attestations: "no attestations: images are not signed; a deploy takes the digest from the run that built it",
  codeScanning: "no findings under Security: they are in each run's summary, and what is serious fails the run",
  pages: "no page of delivery metrics that only its readers see: they are in the run's summary and its artifact",
  mergeQueue: "no merge queue: pull requests have to be up to date before they are merged",
};

/** One line for each thing that is missing, for the preview. */
export function lackOf(repository: RepositoryPlan): string[] {
  const has = abilitiesOf(repository);
  const what = `GitHub's ${repository.plan} plan with a repository that is ${repository.visibility}`;
  // Nothing is missing where nobody wants it.
  const wanted = (Object.keys(INSTEAD) as (keyof typeof INSTEAD)[]).filter(
    (ability) => (ability !== "pages" && ability !== "mergeQueue") || repository[ability] === true,
  );
  return wanted.filter((ability) => !has[ability]).map((ability) => `${what} has ${INSTEAD[ability]}`);
}
