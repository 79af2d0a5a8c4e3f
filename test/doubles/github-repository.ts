/** A repository as GitHub has it: what it is, its branches and files with their commits, who may write where. */
import { createHash, randomBytes } from "node:crypto";
import type { Place, Reference } from "./kinds.ts";
import { isRecord, list, text, type Values } from "./values.ts";
import type { World } from "./world.ts";

export const REPOSITORY = "github:index/repository:Repository";
export const FILE = "github:index/repositoryFile:RepositoryFile";
export const BRANCH = "github:index/branch:Branch";
export const PULL_REQUEST = "github:index/repositoryPullRequest:RepositoryPullRequest";
export const RULESET = "github:index/repositoryRuleset:RepositoryRuleset";
/** Not of the SDK: commits in their order, and the app or team whose token is used, `me`. */
export const COMMIT = "github:commit";
export const ACTOR = "github:actor";
/** By branch: how many of all commits its base has in it. */
const CONTAINED = "github:contained";

export const repository: Reference = { type: REPOSITORY, missing: "GET repos/%s: 404 Not Found []" };

export const failed = (call: string, status: number, message: string) => new Error(`${call}: ${status} ${message}`);

/** The id that git gives a file's content. */
export const blobSha = (content: string) =>
  createHash("sha1")
    .update(`blob ${Buffer.byteLength(content)}\0${content}`)
    .digest("hex");

export const fileId = (repo: string, path: string, branch: string) => `${repo}:${path}:${branch}`;

/** A repository that was there before any stack. `plan`: of its owner. */
export function found(world: World, name: string, visibility: "public" | "private" = "public", plan = "team"): void {
  world.put(REPOSITORY, name, { name, fullName: `recoloca/${name}`, visibility, plan, defaultBranch: "main", hasIssues: true, description: "An application" });
  world.put(BRANCH, `${name}:main`, { repository: name, branch: "main" });
}

/** A file that somebody committed: made, or changed. */
export function commitByHand(world: World, repo: string, path: string, content: string, branch = "main"): void {
  const id = fileId(repo, path, branch);
  const sha = commit(world, { repository: repo, file: path, branch, commitMessage: "By hand" });
  world.put(FILE, id, { ...world.get(FILE, id), repository: repo, file: path, branch, content, sha: blobSha(content), commitSha: sha, ref: branch });
}

export const commits = (world: World): readonly Values[] =>
  [...world.all(COMMIT)].sort((one, other) => (one["number"] as number) - (other["number"] as number));

function commit(world: World, { repository: repo, file, branch, commitMessage: message }: Values): string {
  const sha = randomBytes(20).toString("hex");
  world.put(COMMIT, sha, { number: commits(world).length, repository: repo, file, branch, message });
  return sha;
}

const upToDate = (world: World, repo: string, branch: string) => world.put(CONTAINED, `${repo}:${branch}`, { number: commits(world).length });
/** Commits of a branch that the one it came from has not got. */
export const ahead = (world: World, repo: string, branch: string): readonly Values[] =>
  commits(world)
    .filter((one) => one["repository"] === repo && one["branch"] === branch)
    .filter((one) => (one["number"] as number) >= ((world.get(CONTAINED, `${repo}:${branch}`)?.["number"] as number | undefined) ?? 0));

/** A person merges the open pull request with a merge commit; its branch stays. */
export function mergeByHand(world: World, repo: string): void {
  const { id, headRef, baseRef } = world.all(PULL_REQUEST).find((one) => one["baseRepository"] === repo && one["state"] === "open")!;
  const [head, base] = [text(headRef), text(baseRef)];
  for (const path of new Set(ahead(world, repo, head).map((one) => text(one["file"])))) {
    const file = world.get(FILE, fileId(repo, path, head));
    if (file) world.put(FILE, fileId(repo, path, base), { ...file, branch: base, ref: base });
    else world.remove(FILE, fileId(repo, path, base));
  }
  upToDate(world, repo, head);
  world.change(PULL_REQUEST, text(id), { state: "closed" });
}

/** A person removes a branch. Gives what restores it, as GitHub's own button does. */
export function removeByHand(world: World, repo: string, branch: string): () => void {
  const id = `${repo}:${branch}`;
  const [held, files] = [world.get(BRANCH, id)!, world.all(FILE).filter((one) => one["repository"] === repo && one["branch"] === branch)];
  world.remove(BRANCH, id);
  for (const file of files) world.remove(FILE, text(file["id"]));
  return () => {
    world.put(BRANCH, id, held);
    for (const { id: own, ...file } of files) world.put(FILE, text(own), file);
  };
}

/** Whether the branch's rules let this token commit to it. Without an actor, nobody asks. */
function mayCommit(world: World, branch: string): boolean {
  const me = world.get(ACTOR, "me");
  const rules = world.all(RULESET).filter(({ target, rules: of }) => target === "branch" && isRecord(of) && of["pullRequest"] !== undefined);
  const bypassed = (one: Values) => list(one["bypassActors"]).some((actor) => isRecord(actor) && actor["actorId"] === me?.["actorId"]);
  return branch !== "main" || me === undefined || rules.every(bypassed);
}

function write(inputs: Values, { world }: Place): Values {
  const [branch, file, content] = [text(inputs["branch"]) || "main", text(inputs["file"]), text(inputs["content"])];
  const call = `PUT repos/recoloca/${text(inputs["repository"])}/contents/${file}`;
  if (!world.get(BRANCH, `${text(inputs["repository"])}:${branch}`)) throw failed(call, 404, `Branch ${branch} not found`);
  if (!mayCommit(world, branch)) throw failed(call, 409, "Repository rule violations found: Changes must be made through a pull request. []");
  return { branch, ref: branch, sha: blobSha(content), commitSha: commit(world, { ...inputs, branch }) };
}

export const files = {
  [FILE]: {
    replaces: ["repository", "file", "branch"],
    refers: { repository },
    gone: (inputs: Values) =>
      failed(`PUT repos/recoloca/${text(inputs["repository"])}/contents/${text(inputs["file"])}`, 404, `Branch ${text(inputs["branch"])} not found []`),
    create: (inputs: Values, at: Place) => {
      const [repo, file, branch] = [text(inputs["repository"]), text(inputs["file"]), text(inputs["branch"]) || "main"];
      const id = fileId(repo, file, branch);
      if (at.world.get(FILE, id) && inputs["overwriteOnCreate"] !== true)
        throw new Error(`refusing to overwrite existing file: configure \`overwrite_on_create\` to \`true\` to override`);
      return { id, outputs: write(inputs, at) };
    },
    update: (inputs: Values, held: Values, at: Place, _id: string, state: Values) => {
      // GitHub takes a change only of the content that the caller has seen.
      if (held["sha"] !== state["sha"])
        throw failed(
          `PUT repos/recoloca/${text(inputs["repository"])}/contents/${text(inputs["file"])}`,
          409,
          `${text(inputs["file"])} does not match ${text(state["sha"])} []`,
        );
      return write(inputs, at);
    },
    remove: (held: Values, at: Place) => void write(held, at),
  },
  [BRANCH]: {
    replaces: ["repository", "branch", "sourceBranch", "sourceSha"],
    refers: { repository },
    create: (inputs: Values, { world }: Place) => {
      const [repo, branch, source] = [text(inputs["repository"]), text(inputs["branch"]), text(inputs["sourceBranch"]) || "main"];
      const id = `${repo}:${branch}`;
      const outputs = { ref: `refs/heads/${branch}`, sha: randomBytes(20).toString("hex"), sourceSha: randomBytes(20).toString("hex") };
      // One that is there the provider takes as it is (resource_github_branch.go).
      if (world.get(BRANCH, id)) return { id, outputs };
      upToDate(world, repo, branch);
      for (const file of world.all(FILE).filter((one) => one["repository"] === repo && one["branch"] === source))
        world.put(FILE, fileId(repo, text(file["file"]), branch), { ...file, branch, ref: branch });
      return { id, outputs };
    },
    remove: (held: Values, { world }: Place) => {
      for (const { id, ...file } of world.all(FILE))
        if (file["repository"] === held["repository"] && file["branch"] === held["branch"]) world.remove(FILE, text(id));
    },
  },
};
