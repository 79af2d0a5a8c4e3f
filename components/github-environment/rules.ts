/** What an environment is to be, in the provider's own fields: the component makes it so, and `make doctor` holds GitHub's answers against it. Pure. */

export interface EnvironmentRules {
  readonly environment: string;
  /** GitHub's numbers of those of whom one has to approve. @default nobody has to */
  readonly reviewers: { readonly users: readonly number[]; readonly teams: readonly number[] };
  readonly waitMinutes: number;
  /** Whether who started a run may not approve it. */
  readonly preventSelfReview: boolean;
  /** Patterns; a job of any other branch or tag never gets the environment. */
  readonly branches: readonly string[];
  readonly tags: readonly string[];
}

/** `reviewers` is a list, of which GitHub takes one. */
export function guardsOf({ reviewers: { users, teams }, waitMinutes, preventSelfReview }: EnvironmentRules) {
  return {
    canAdminsBypass: false,
    preventSelfReview,
    waitTimer: waitMinutes,
    ...(users.length + teams.length > 0 && { reviewers: [{ users: [...users], teams: [...teams] }] }),
    deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
  };
}

interface Policy {
  readonly branchPattern?: string;
  readonly tagPattern?: string;
}

export const policiesOf = ({ branches, tags }: Pick<EnvironmentRules, "branches" | "tags">): Policy[] => [
  ...branches.map((branchPattern) => ({ branchPattern })),
  ...tags.map((tagPattern) => ({ tagPattern })),
];

export interface Variables<T> {
  readonly variables: Readonly<Record<string, T>>;
  /** The stack's roles at AWS, and which one jobs of this environment take. @default none */
  readonly roles?: Readonly<Record<"deploy" | "infrastructure" | "plan", T>> | undefined;
  readonly role?: "deploy" | "infrastructure";
  /** Variable of the repository itself for the role that previews take: a pull request has no environment. @default none is written */
  readonly planRoleVariable?: string;
}

/** In the environment. */
export const variablesOf = <T>({ variables, roles, role }: Variables<T>): Record<string, T> => ({
  ...variables,
  ...(roles && role && { AWS_ROLE: roles[role] }),
});

/** Of the repository itself. */
export const repositoryVariablesOf = <T>({ roles, planRoleVariable }: Variables<T>): Record<string, T> =>
  roles && planRoleVariable !== undefined ? { [planRoleVariable]: roles.plan } : {};

/** What a pull request's job has to know of the server that it asks for an environment of its own. */
export const wayTo = <T>({ host, port, user, hostKey }: Readonly<Record<"host" | "port" | "user" | "hostKey", T>>) => ({
  REVIEW_ADDRESS: host,
  REVIEW_PORT: port,
  REVIEW_USER: user,
  REVIEW_HOST_KEY: hostKey,
});
