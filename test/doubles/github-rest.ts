/**
 * GitHub's REST interface, as it answers of a repository that a stack has made: from what the engine's mocks were told, in the shapes of GitHub's own
 * description (https://github.com/github/rest-api-description, and for environments what is answered beside it). What it is told it keeps.
 */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { Made } from "../mocked-program.ts";
import { blobSha } from "./github-repository.ts";
import { isRecord, list, text, type Values } from "./values.ts";

export const OWNER = "recoloca";
export const ROOT = "/repos/recoloca/recoloca";
const DATE = "2026-11-20T08:00:00Z";

export interface Said {
  status?: number;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}
/** By path, with `?ref=` where it has one; `POST /path` where it is told something. */
export type Answers = Record<string, Said>;

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** Of the provider's fields those that are of GitHub's. */
const fields = (inputs: Values, ...without: string[]): Values =>
  Object.fromEntries(Object.entries(inputs).flatMap(([key, value]) => (without.includes(key) ? [] : [[snake(key), value]])));
const counted = (name: string, all: readonly Values[]): Said => ({ body: { total_count: all.length, [name]: all } });

function environment(inputs: Values, id: number): Values {
  const [one] = list(inputs["reviewers"]).filter(isRecord);
  const reviewers = [
    ...list(one?.["users"]).map((user) => ({ type: "User", reviewer: { login: `user-${String(user)}`, id: user, type: "User", site_admin: false } })),
    ...list(one?.["teams"]).map((team) => ({
      type: "Team",
      reviewer: { id: team, name: `Team ${String(team)}`, slug: `team-${String(team)}`, privacy: "closed" },
    })),
  ];
  const waits = inputs["waitTimer"] as number;
  return {
    id,
    node_id: `EN_${id}`,
    name: inputs["environment"],
    url: `https://api.github.com${ROOT}/environments/${text(inputs["environment"])}`,
    html_url: "https://github.com/recoloca/recoloca/deployments/activity_log",
    created_at: DATE,
    updated_at: DATE,
    can_admins_bypass: inputs["canAdminsBypass"],
    protection_rules: [
      ...(waits > 0 ? [{ id: 1, node_id: "GA_1", type: "wait_timer", wait_timer: waits }] : []),
      ...(reviewers.length > 0 ? [{ id: 2, node_id: "GA_2", type: "required_reviewers", prevent_self_review: inputs["preventSelfReview"], reviewers }] : []),
      { id: 3, node_id: "GA_3", type: "branch_policy" },
    ],
    deployment_branch_policy: fields(inputs["deploymentBranchPolicy"] as Values),
  };
}

function ruleset(inputs: Values, id: number): Values {
  const rules = Object.entries(inputs["rules"] as Values).flatMap(([name, value]): Values[] => {
    if (value === false) return [];
    if (name === "update") return [{ type: "update", parameters: { update_allows_fetch_and_merge: false } }];
    if (!isRecord(value)) return [{ type: snake(name) }];
    const { requiredChecks, ...rest } = value;
    const checks = list(requiredChecks)
      .filter(isRecord)
      .map((one) => fields(one));
    return [
      {
        type: snake(name),
        parameters: { ...fields(rest), ...(requiredChecks !== undefined && { do_not_enforce_on_create: false, required_status_checks: checks }) },
      },
    ];
  });
  const { includes, excludes } = (inputs["conditions"] as { refName: Values }).refName;
  return {
    ...{ id, name: inputs["name"], target: inputs["target"], source_type: "Repository", source: "recoloca/recoloca", enforcement: inputs["enforcement"] },
    ...{ node_id: `RRS_${id}`, created_at: DATE, updated_at: DATE, current_user_can_bypass: "never" },
    bypass_actors: list(inputs["bypassActors"])
      .filter(isRecord)
      .map((one) => fields(one)),
    conditions: { ref_name: { include: includes, exclude: excludes } },
    rules,
  };
}

/** A folder of the repository, as a branch has it. */
const folder = (path: string, files: ReadonlyMap<string, string>): Values[] =>
  [
    ...new Set(
      [...files.keys()]
        .filter((one) => one.startsWith(path === "" ? "" : `${path}/`))
        .map((one) => one.slice(path === "" ? 0 : path.length + 1).split("/")[0]!),
    ),
  ].map((name) => {
    const full = path === "" ? name : `${path}/${name}`;
    const content = files.get(full);
    return {
      type: content === undefined ? "dir" : "file",
      size: content?.length ?? 0,
      name,
      path: full,
      sha: blobSha(content ?? full),
      html_url: `https://github.com/${OWNER}/recoloca`,
    };
  });

/** What is answered of files: their folders; each where somebody wants its content. */
export function fileAnswers(branch: string, files: ReadonlyMap<string, string>): Answers {
  const folders = new Set([
    "",
    ...[...files.keys()].flatMap((one) =>
      one
        .split("/")
        .slice(0, -1)
        .map((_, index, parts) => parts.slice(0, index + 1).join("/")),
    ),
  ]);
  const at = (path: string) => `${ROOT}/contents/${path}?ref=${branch}`;
  return {
    ...Object.fromEntries([...folders].map((one) => [at(one), { body: folder(one, files) }])),
    ...Object.fromEntries(
      [...files].map(([one, content]) => [
        at(one),
        { body: { type: "file", encoding: "base64", path: one, content: Buffer.from(content).toString("base64"), sha: blobSha(content) } },
      ]),
    ),
  };
}

/** Of a commit, as the list of those that changed a file has it. */
export const commit = (sha: string, login: string, message: string): Values => ({
  sha: sha.padEnd(40, "0"),
  commit: { author: { name: `${login}'s name`, email: "a@example.com", date: DATE }, message },
  author: { login, id: 7, type: "User" },
  parents: [],
});

export const filesOf = (made: readonly Made[]) =>
  new Map(made.flatMap(({ type, inputs }) => (type.endsWith(":RepositoryFile") ? [[inputs["file"] as string, inputs["content"] as string] as const] : [])));

/** A repository that is just as the stack has made it. */
export function repositoryOf(made: readonly Made[]): Answers {
  const of = (type: string) => made.flatMap((one) => (one.type.startsWith("github:") && one.type.endsWith(`:${type}`) ? [one.inputs as Values] : []));
  const environments = of("RepositoryEnvironment")
    .map(environment)
    .sort((one, other) => text(other["name"]).localeCompare(text(one["name"])));
  const inside = (type: string, name: unknown) => of(type).filter((one) => one["environment"] === name || one["environment"] === undefined);
  const [repository, permissions, token] = ["Repository", "ActionsRepositoryPermissions", "WorkflowRepositoryPermissions"].map((type) => of(type)[0]);
  const rulesets = [...of("RepositoryRuleset")]
    .sort((one, other) => text(one["target"]).localeCompare(text(other["target"])))
    .map((one, index) => ruleset(one, 1001 + index));
  const dated = { created_at: DATE, updated_at: DATE };
  return {
    [ROOT]: {
      body: {
        ...{ id: 2002, name: "recoloca", full_name: "recoloca/recoloca", owner: { login: OWNER, id: 1001, type: "Organization" }, default_branch: "main" },
        ...{ visibility: "public", private: false, archived: false, has_pages: repository?.["pages"] !== undefined, allow_forking: true },
        created_at: "2025-01-10T08:00:00Z",
        permissions: { admin: true, maintain: true, push: true, triage: true, pull: true },
        ...(repository && fields(repository, "name", "pages")),
      },
    },
    [`${ROOT}/environments`]: counted("environments", environments),
    ...Object.fromEntries(
      environments.flatMap(({ name }): [string, Said][] => {
        const at = `${ROOT}/environments/${text(name)}`;
        const policies = inside("RepositoryEnvironmentDeploymentPolicy", name).map((one, id) => ({
          ...{ id, node_id: `GA_${id}`, name: one["branchPattern"] ?? one["tagPattern"], type: one["branchPattern"] === undefined ? "tag" : "branch" },
        }));
        return [
          [`${at}/deployment-branch-policies`, counted("branch_policies", policies)],
          [
            `${at}/secrets`,
            counted(
              "secrets",
              inside("ActionsEnvironmentSecret", name).map((one) => ({ name: one["secretName"], ...dated })),
            ),
          ],
          [
            `${at}/variables`,
            counted(
              "variables",
              inside("ActionsEnvironmentVariable", name).map((one) => ({ name: one["variableName"], value: one["value"], ...dated })),
            ),
          ],
        ];
      }),
    ),
    [`${ROOT}/actions/variables`]: counted("variables", of("ActionsVariable").map((one) => ({ name: one["variableName"], value: one["value"], ...dated }))), // prettier-ignore
    [`${ROOT}/actions/secrets`]: counted("secrets", []),
    [`${ROOT}/rulesets`]: { body: rulesets.map(({ bypass_actors: _b, conditions: _c, rules: _r, ...one }) => one) },
    ...Object.fromEntries(rulesets.map((one): [string, Said] => [`${ROOT}/rulesets/${String(one["id"])}`, { body: one }])),
    ...(permissions &&
      token && {
        [`${ROOT}/actions/permissions`]: {
          body: { ...fields(permissions, "repository", "allowedActionsConfig"), selected_actions_url: "https://api.github.com/" },
        },
        [`${ROOT}/actions/permissions/selected-actions`]: { body: chosen(permissions["allowedActionsConfig"] as Values) },
        [`${ROOT}/actions/permissions/workflow`]: { body: fields(token, "repository") },
        [`${ROOT}/vulnerability-alerts`]: { status: of("RepositoryVulnerabilityAlerts")[0]?.["enabled"] === true ? 204 : 404 },
        [`${ROOT}/pages`]: { body: { url: "", status: "built", html_url: "", ...fields((repository?.["pages"] ?? {}) as Values), public: true } },
        ...fileAnswers("main", filesOf(made)),
        [`${ROOT}/actions/workflows`]: counted("workflows", [...filesOf(made).keys()].filter((one) => one.startsWith(".github/workflows/")).map((path, id) => ({ id, path, name: path, state: "active", ...dated }))), // prettier-ignore
      }),
  };
}

const chosen = ({ patternsAlloweds, ...rest }: Values) => ({ ...fields(rest), patterns_allowed: patternsAlloweds });

export interface GithubRest {
  readonly base: string;
  /** What is answered; anything else is not found. */
  answers: Answers;
  /** `GET /repos/…`, each with the token that came. */
  readonly asked: string[];
  /** Bodies of what it was told. */
  readonly told: unknown[];
  close(): void;
}

export async function githubRest(): Promise<GithubRest> {
  const rest = { base: "", answers: {} as Answers, asked: [] as string[], told: [] as unknown[], close: () => void server.close() };
  const server = http.createServer((request, response) => {
    const url = new URL(request.url!, "http://here");
    rest.asked.push(`${request.method} ${request.headers.authorization} ${url.pathname}`);
    const ref = url.searchParams.get("ref");
    const page = url.searchParams.get("page");
    const path = `${decodeURIComponent(url.pathname)}${ref === null ? "" : `?ref=${ref}`}`;
    const told = request.method === "POST";
    if (told) void json(request).then((body) => rest.told.push(body));
    const found = rest.answers[told ? `POST ${path}` : page === null ? path : `${path}#${page}`];
    const {
      status = 200,
      body,
      headers = {},
    } = found ?? { status: 404, body: { message: "Not Found", documentation_url: "https://docs.github.com/rest", status: "404" } };
    // Kept open it would be closed after some seconds, which a busy machine notices only when it asks again by it.
    response.writeHead(status, { connection: "close", "content-type": "application/json; charset=utf-8", "x-github-request-id": "0", ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  rest.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return rest;
}
