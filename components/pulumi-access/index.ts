/**
 * Whom Pulumi Cloud lets at which stack by GitHub's own word (OpenID Connect): a team for each stack that changes it and one that reads it, and the
 * policies of the organization's entry for GitHub. One stack makes it for all (design D11), a person brings it up: no run may widen what runs may.
 */
import { OidcIssuer } from "@pulumi/pulumiservice/oidcIssuer.js";
import { Provider } from "@pulumi/pulumiservice/provider.js";
import { Team } from "@pulumi/pulumiservice/team.js";
import { TeamStackPermission } from "@pulumi/pulumiservice/teamStackPermission.js";
import * as pulumi from "@pulumi/pulumi";
import { ISSUER } from "../github-claims.ts";
import { policiesOf, teamsOf, type Access } from "./policies.ts";

export interface PulumiAccessArgs extends Access {
  readonly project: string;
  /** `https://api.pulumi.com`, or that of an installation of one's own. */
  readonly apiUrl: string;
  /** Whether this stack makes the organization's entry for GitHub, and so has all its policies. Else it is there, and a person adds them. */
  readonly makesIssuer: boolean;
}

/** As long as the longest job may take, and some. */
const SECONDS = 3600;

export class PulumiAccess extends pulumi.ComponentResource {
  constructor(name: string, args: PulumiAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:PulumiAccess", name, { organization: args.organization }, opts);
    const { organization, project } = args;
    // Said, because the SDK would take it from PULUMI_BACKEND_URL. The token is the caller's login, who has to administer the organization.
    const provider = new Provider(name, { apiUrl: args.apiUrl }, { parent: this });
    const own = { parent: this, provider };
    const teams = teamsOf(args).map(({ name: full, stack, permission, description }) => {
      // Who is in a team besides is the organization's business.
      const team = new Team(full, { organizationName: organization, teamType: "pulumi", name: full, description }, { ...own, ignoreChanges: ["members"] });
      return new TeamStackPermission(full, { organization, project, stack, team: full, permission }, { ...own, dependsOn: team });
    });
    if (args.makesIssuer)
      new OidcIssuer(
        "github",
        { organization, name: "github", url: `https://${ISSUER}`, maxExpirationSeconds: SECONDS, policies: policiesOf(args) },
        { ...own, dependsOn: teams },
      );
    this.registerOutputs();
  }
}
