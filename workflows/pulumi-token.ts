/** Whose token of Pulumi Cloud a job gets. What an edition has: https://www.pulumi.com/docs/administration/access-identity/oidc-issuers/ ("Token types by edition"). */

/** `team`: of a team that reaches one stack; `organization`: reaches what the organization lets its members; `personal`: reaches what the account may. */
export type PulumiToken = "team" | "organization" | "personal";

export const EDITIONS = ["individual", "team", "enterprise"] as const;
export type Edition = (typeof EDITIONS)[number];
export const tokenOf = (edition: Edition): PulumiToken => ({ individual: "personal", team: "organization", enterprise: "team" })[edition] as PulumiToken;

/** `reads`: it may preview and compare, and change nothing. */
export const teamOf = (application: string, stack: string, reads: boolean): string => `${application}-${stack}${reads ? "-preview" : ""}`;

/** Inputs of `pulumi/auth-actions`. */
export function askFor(
  token: PulumiToken,
  { organization, application, stack, reads }: { organization: string; application: string; stack: string; reads: boolean },
) {
  return {
    organization,
    "requested-token-type": `urn:pulumi:token-type:access_token:${token}`,
    ...(token === "team" && { scope: `team:${teamOf(application, stack, reads)}` }),
    ...(token === "personal" && { scope: `user:${organization}` }),
  };
}

const LACKS: Record<Exclude<Edition, "enterprise">, string> = {
  individual: "only tokens of the account",
  team: "no tokens of teams, only the organization's",
};
/** Where nobody says which edition it is, for the preview. */
export const NO_EDITION =
  "off: tokens of Pulumi Cloud that reach one stack each, and with them the workflow's previews of pull requests; a job asks for the organization's, which reaches every stack, and who gets one is set there by hand";
/** What an edition lacks, for the preview. */
export const lackOfEdition = (edition: Edition): string[] =>
  edition === "enterprise"
    ? []
    : [`Pulumi Cloud's ${edition} edition has ${LACKS[edition]}: one reaches every stack, production's too, so the workflow previews no pull requests`];
