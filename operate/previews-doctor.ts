/**
 * What the Pulumi GitHub App's previews still want from a person, and what Pulumi Cloud really does with a stack, held against what the stack wrote
 * there. Reads alone. Each line that no interface answers says where to look.
 */
import * as z from "zod";
import { UP, type Finding, type Look } from "./github-doctor/told.ts";
import { askOf, Unanswered, type Ask } from "./rest.ts";

const SETTINGS = "pulumiservice:index:DeploymentSettings";

const githubForm = z.object({
  repository: z.string().default(""),
  previewPullRequests: z.boolean().default(false),
  deployCommits: z.boolean().default(false),
  pullRequestTemplate: z.boolean().default(false),
});
const inputsForm = z.object({ organization: z.string(), project: z.string(), stack: z.string(), github: githubForm });
export type Wanted = z.output<typeof inputsForm>;

/** Of `pulumi stack export`: what the stack wrote at Pulumi Cloud; undefined where it has written nothing. */
export function settingsInState(state: string): Wanted | undefined {
  const { deployment } = JSON.parse(state) as { deployment?: { resources?: readonly { type: string; inputs?: unknown }[] } };
  return inputsForm.safeParse(deployment?.resources?.find(({ type }) => type === SETTINGS)?.inputs).data;
}

/** Of Pulumi Cloud's REST interface: https://www.pulumi.com/docs/reference/cloud-rest-api/ */
export const cloudOf = (base: string, token: string): Ask =>
  askOf({
    name: "Pulumi Cloud",
    base,
    headers: { authorization: `token ${token}`, accept: "application/vnd.pulumi+8", "content-type": "application/json" },
    status: "https://status.pulumi.com",
  });

/** Something that is in order, something to mend, or something that nobody answered. */
type Told = { readonly fine: string } | Finding | Look;

const answered = (asked: Promise<Told[]>): Promise<Told[]> =>
  asked.catch((error: unknown) => {
    if (error instanceof Unanswered) return [{ look: error.message }];
    throw error;
  });

async function appOf(owner: string, ask: Ask): Promise<Told[]> {
  const where = `https://github.com/organizations/${owner}/settings/installations`;
  const { status, body } = await ask(`/orgs/${owner}/installations`);
  // Of a user's own repositories, and for whoever does not own the organization, GitHub does not say.
  if (status !== 200) return [{ look: `is the Pulumi GitHub App installed? GitHub tells only owners of the organization: ${where}` }];
  const app = (body as { installations: { app_slug: string; suspended_at?: string | null }[] }).installations.find((one) => one.app_slug === "pulumi");
  if (!app) return [{ what: `the Pulumi GitHub App is not installed for ${owner}: no pull request gets a preview`, fix: "https://github.com/apps/pulumi" }];
  return app.suspended_at ? [{ what: "the Pulumi GitHub App is suspended", fix: where }] : [{ fine: "the Pulumi GitHub App is installed" }];
}

/** A fork's pull request would be a program of anybody's with the stack's secrets. */
async function forksOf(repository: string, ask: Ask): Promise<Told[]> {
  const { status, body } = await ask(`/repos/${repository}`);
  const may = (body as { allow_forking?: boolean }).allow_forking;
  if (status !== 200 || may === undefined) return [{ look: `may ${repository} be forked? GitHub does not tell this token` }];
  return may
    ? [
        {
          what: `${repository} may be forked, and a pull request of a fork might get a preview with this stack's secrets`,
          fix: `gh api --method PATCH repos/${repository} -F allow_forking=false`,
        },
      ]
    : [{ fine: "nobody may fork the repository" }];
}

async function settingsOf({ organization, project, stack, github }: Wanted, ask: Ask): Promise<Told[]> {
  const { status, body } = await ask(`/api/stacks/${organization}/${project}/${stack}/deployments/settings`);
  if (status === 401) return [{ what: "Pulumi Cloud does not know the token", fix: "export PULUMI_ACCESS_TOKEN" }];
  if (status === 404) return [{ what: `Pulumi Cloud has no deployment settings of ${organization}/${project}/${stack}`, fix: UP }];
  if (status !== 200) return [{ look: `Pulumi Cloud answers ${status} for the deployment settings of ${organization}/${project}/${stack}` }];
  const there = githubForm.safeParse((body as { gitHub?: unknown }).gitHub ?? {});
  if (!there.success) return [{ look: "Pulumi Cloud's answer about the deployment settings is none that this program knows" }];
  const differs = (key: keyof typeof github, says: string): Told[] => (there.data[key] === github[key] ? [] : [{ what: says, fix: UP }]);
  const found = [
    ...differs("repository", `Pulumi Cloud watches "${there.data.repository}", not ${github.repository}`),
    ...differs("previewPullRequests", there.data.previewPullRequests ? "Pulumi Cloud previews pull requests" : "Pulumi Cloud previews no pull request"),
    ...differs("deployCommits", "Pulumi Cloud deploys what is pushed, past every approval"),
    ...differs("pullRequestTemplate", there.data.pullRequestTemplate ? "each pull request gets a stack made after this one" : "no pull request gets a stack"),
  ];
  return found.length > 0 ? found : [{ fine: "Pulumi Cloud does what the stack says" }];
}

export interface Answers {
  readonly github: Ask | undefined;
  readonly cloud: Ask | undefined;
}

/** What `make doctor` prints of a stack's previews; `wanted`: what the stack wrote. Gives how much was found. */
export async function tellPreviews(wanted: Wanted | undefined, repository: string, { github, cloud }: Answers, tell: (line: string) => void): Promise<number> {
  if (!wanted) {
    tell(" previews by the Pulumi GitHub App: nothing is written at Pulumi Cloud; pulumi up says why, or does it");
    return 0;
  }
  const [owner = ""] = repository.split("/");
  const byApp = wanted.github.previewPullRequests || wanted.github.pullRequestTemplate;
  const told: Told[] = [
    ...(byApp
      ? github
        ? await answered(Promise.all([appOf(owner, github), forksOf(repository, github)]).then((all) => all.flat()))
        : [{ look: "GitHub was not asked: export GITHUB_TOKEN" }]
      : []),
    ...(cloud ? await answered(settingsOf(wanted, cloud)) : [{ look: "Pulumi Cloud was not asked: export PULUMI_ACCESS_TOKEN" }]),
  ];
  for (const one of told) tell("what" in one ? ` ${one.what}\n     ${one.fix}` : "fine" in one ? ` previews: ${one.fine}` : ` previews, not told: ${one.look}`);
  return told.filter((one) => "what" in one).length;
}
