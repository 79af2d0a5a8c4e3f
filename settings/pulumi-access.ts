/** Whom Pulumi Cloud lets at which stack, from the configuration of the stack that owns the repository: what is made, and what is off. Pure. */
import { infrastructureOf } from "../secrets/catalogue.ts";
import { lackOfEdition, NO_EDITION, tokenOf, type PulumiToken } from "../workflows/pulumi-token.ts";
import { STAGES } from "./check-github.ts";
import type { Github } from "./github-form.ts";
import { firstStage } from "./pipeline.ts";
import { setCommand } from "./problems.ts";
import { NO_ORGANIZATION } from "./stack-place.ts";

/** As `PulumiAccess` wants it. */
export interface PulumiAccessSettings {
  readonly organization: string;
  readonly project: string;
  readonly apiUrl: string;
  readonly application: string;
  readonly owner: string;
  readonly repository: string;
  readonly ids?: { readonly owner: number; readonly repository: number };
  readonly defaultBranch: string;
  readonly token: PulumiToken;
  readonly environments: readonly { readonly name: string; readonly infrastructure: string }[];
  readonly previewed?: string;
  readonly makesIssuer: boolean;
}

interface Of {
  readonly github: Github;
  readonly application: string;
  readonly owner: string;
  readonly repository: string;
  readonly organization: string;
  readonly project: string;
  /** Whether the infrastructure workflow writes previews, and not the Pulumi GitHub App. */
  readonly byWorkflow: boolean;
}

export function pulumiAccess({ github, organization, byWorkflow, ...rest }: Of): PulumiAccessSettings | undefined {
  const { pulumiCloud, ids, defaultBranch, environments = STAGES } = github;
  if (!pulumiCloud || organization === NO_ORGANIZATION) return undefined;
  const token = tokenOf(pulumiCloud.edition);
  const previewed = byWorkflow && token === "team" ? firstStage(environments) : undefined;
  return {
    ...rest,
    organization,
    apiUrl: "https://api.pulumi.com",
    ...(ids && { ids }),
    defaultBranch,
    token,
    environments: environments.map((name) => ({ name, infrastructure: infrastructureOf(name) })),
    ...(previewed !== undefined && { previewed }),
    makesIssuer: pulumiCloud.makesIssuer,
  };
}

/** What is off, or another's, for the preview. */
export function accessNotes({ pulumiCloud, ownsRepository, stateBucket }: Github, organization: string): string[] {
  if (!ownsRepository || stateBucket) return [];
  if (organization === NO_ORGANIZATION) return pulumiCloud ? ["recoloca:github.pulumiCloud is off: the state of this stack is not at Pulumi Cloud"] : [];
  if (!pulumiCloud) return [`${NO_EDITION}. On with: ${setCommand("github.pulumiCloud.edition", "enterprise")}`];
  return [
    ...lackOfEdition(pulumiCloud.edition),
    ...(pulumiCloud.makesIssuer ? [] : ["Pulumi Cloud's entry for GitHub is another's: whoever administers it adds the policies that docs/github.md names"]),
  ];
}
