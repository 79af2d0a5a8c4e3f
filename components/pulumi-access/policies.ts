/**
 * Which runs at GitHub get which token of Pulumi Cloud, for minutes. A team's reaches its own stack alone; an organization's or an account's reaches whatever
 * that may. Pure. Sources: https://www.pulumi.com/docs/administration/access-identity/oidc-issuers/github/ (claims, editions), …/rbac/permission-sets (a
 * preview wants to read alone).
 */
import { subjects, type Subject } from "../github-claims.ts";
import { teamOf, type PulumiToken } from "../../workflows/pulumi-token.ts";

export interface Access extends Subject {
  /** At Pulumi Cloud. */
  readonly organization: string;
  readonly application: string;
  readonly defaultBranch: string;
  readonly token: PulumiToken;
  /** Each with its environment of infrastructure runs. */
  readonly environments: readonly { readonly name: string; readonly infrastructure: string }[];
  /** Of which one a pull request of the repository's gets a preview. @default of none */
  readonly previewed?: string;
}

interface Run {
  /** What GitHub says of it: `environment:staging`. */
  readonly claim: string;
  readonly stack: string;
  readonly reads?: boolean;
}

const runsOf = ({ environments, defaultBranch, previewed }: Access): Run[] => [
  ...environments.flatMap(({ name, infrastructure }): Run[] => [
    { claim: `environment:${name}`, stack: name },
    { claim: `environment:${infrastructure}`, stack: name },
    { claim: `ref:refs/heads/${defaultBranch}`, stack: name, reads: true },
  ]),
  ...(previewed === undefined ? [] : [{ claim: "pull_request", stack: previewed, reads: true }]),
];

/** Whole claims alone, as AWS's roles have them: a pattern would fit what nobody has thought of. */
export function policiesOf(access: Access) {
  const { organization, application, token } = access;
  const whose = ({ stack, reads = false }: Run) =>
    token === "team"
      ? { tokenType: "team" as const, teamName: teamOf(application, stack, reads) }
      : token === "personal"
        ? { tokenType: "personal" as const, userLogin: organization }
        : { tokenType: "organization" as const, authorizedPermissions: ["standard" as const] };
  const all = runsOf(access).flatMap((run) =>
    subjects(access, run.claim).map((sub) => ({ decision: "allow" as const, ...whose(run), rules: { aud: `urn:pulumi:org:${organization}`, sub } })),
  );
  // Where all have the same token, one policy for a claim is enough.
  return all.filter((one, index) => all.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === index);
}

/** Teams that have no people: only runs take their tokens. */
export const teamsOf = ({ application, environments, token }: Access) =>
  token === "team"
    ? environments.flatMap(({ name: stack }) => [
        { stack, name: teamOf(application, stack, false), permission: 102, description: `GitHub Actions: releases and changes of ${stack}` } as const,
        { stack, name: teamOf(application, stack, true), permission: 101, description: `GitHub Actions: previews and comparisons of ${stack}` } as const,
      ])
    : [];
