/** Workflow files as GitHub runs them, those of the default branch: each as the program writes it, or who changed it; and whether GitHub runs it at all. */
import { createHash } from "node:crypto";
import * as path from "node:path";
import * as z from "zod";
import type { Pipeline } from "../../components/pipeline/index.ts";
import type { GithubSettings } from "../../settings/github.ts";
import { MARK } from "../../workflows/yaml.ts";
import type { Ask } from "../rest.ts";
import { read, type Told } from "./told.ts";

type Whole = NonNullable<GithubSettings["whole"]>;
interface Place {
  readonly root: string;
  readonly ask: Ask;
}
const CONTENTS = "Contents: read";
const FOLDER = ".github/workflows";

/** The id that git gives a file's content. */
const blobOf = (text: string) =>
  createHash("sha1")
    .update(`blob ${Buffer.byteLength(text)}\0${text}`)
    .digest("hex");

const folderForm = z.array(z.object({ type: z.string(), path: z.string(), sha: z.string() }));

/** Ids of contents by path, of the folders that the files are in; undefined where this token may read none. */
async function contentsOf({ root, ask }: Place, branch: string, files: Pipeline["files"]): Promise<Map<string, string> | Told[]> {
  const folders = [...new Set([FOLDER, ...files.map((one) => path.posix.dirname(one.path))])];
  const at = (folder: string) => `${root}/contents${folder}?ref=${encodeURIComponent(branch)}`;
  const lists = await Promise.all(folders.map((folder) => read(ask, at(`/${folder}`), folderForm, [`files on ${branch}`, CONTENTS])));
  if (lists.some(({ value }) => value === undefined)) {
    // One that is not there looks like one that may not be read; the repository's root is there.
    const top = await read(ask, at("/"), folderForm, [`files on ${branch}`, CONTENTS]);
    if (!top.value) return top.told;
  }
  return new Map(lists.flatMap(({ value = [] }) => value.flatMap((one): [string, string][] => (one.type === "file" ? [[one.path, one.sha]] : []))));
}

/** `branch`: the one whose pull request brings the files, where they are not written directly. */
export async function filesTold({ rules, workflowFiles }: Whole, { files }: Pipeline, branch: string, owner: string, ask: Ask): Promise<Told[]> {
  const { repository, defaultBranch, way } = workflowFiles;
  const place = { root: `/repos/${owner}/${rules.repository}`, ask };
  const there = await contentsOf(place, defaultBranch, files);
  if (Array.isArray(there)) return there;
  const differing = files.filter((one) => there.get(one.path) !== blobOf(one.text));
  const left = await noLongerMade(place, defaultBranch, files, there);
  const written = way === "direct" || differing.length + left.length === 0 ? new Map<string, string>() : await contentsOf(place, branch, files);
  const merge = `merge it: https://github.com/${owner}/${repository}/pulls?q=${encodeURIComponent(`is:open head:${branch}`)}`;
  const waits = (file: string, blob: string | undefined) => way === "pull-request" && !Array.isArray(written) && written.get(file) === blob;
  const up = way === "direct" ? "pulumi up --refresh" : `pulumi up --refresh, then ${merge}`;
  const told = differing.map(async ({ path: file, text }): Promise<Told> => {
    const label = `${file} on ${defaultBranch}`;
    const fix = waits(file, blobOf(text)) ? merge : up;
    if (!there.has(file)) return { what: `${label} is missing, should be as the program writes it`, fix };
    const last = await lastChange(place, defaultBranch, file);
    if (!last || last.message.startsWith(`Write ${file}, as the program has it`))
      return { what: `${label} is as an earlier version of the program wrote it, should be as this one does`, fix };
    return {
      what: `${label} was changed by ${last.who} in ${last.sha} ("${last.message}"), should be as the program writes it`,
      fix:
        way === "direct"
          ? "bring into the program what is to stay, then pulumi up --refresh"
          : `bring into the program what is to stay; git revert ${last.sha}`,
    };
  });
  return [
    ...(await Promise.all(told)),
    ...left.map((file) => ({
      what: `${file} on ${defaultBranch} is there, should not be: the program makes it no more`,
      fix: waits(file, undefined) ? merge : up,
    })),
  ];
}

/** Others' own workflows are nobody's concern. */
async function noLongerMade({ root, ask }: Place, branch: string, files: Pipeline["files"], there: ReadonlyMap<string, string>): Promise<string[]> {
  const others = [...there.keys()].filter((file) => file.startsWith(`${FOLDER}/`) && !files.some((one) => one.path === file));
  const form = z.object({ content: z.string(), encoding: z.literal("base64") });
  const ours = await Promise.all(
    others.map(async (file) => {
      const found = await read(ask, `${root}/contents/${file}?ref=${encodeURIComponent(branch)}`, form, [file, CONTENTS]);
      return found.value !== undefined && Buffer.from(found.value.content, "base64").toString().includes(MARK);
    }),
  );
  return others.filter((_, index) => ours[index]);
}

const commitsForm = z.array(
  z.object({
    sha: z.string(),
    commit: z.object({ message: z.string(), author: z.object({ name: z.string() }).nullish() }),
    author: z.object({ login: z.string().optional() }).nullish(),
  }),
);

async function lastChange({ root, ask }: Place, branch: string, file: string): Promise<{ who: string; sha: string; message: string } | undefined> {
  const found = await read(
    ask,
    `${root}/commits?sha=${encodeURIComponent(branch)}&path=${encodeURIComponent(file)}&per_page=1`,
    commitsForm,
    [file, CONTENTS],
    "first",
  );
  const last = found.value?.[0];
  return last && { who: last.author?.login ?? last.commit.author?.name ?? "somebody", sha: last.sha.slice(0, 7), message: last.commit.message.split("\n")[0]! };
}

const workflowsForm = z.object({ workflows: z.array(z.object({ path: z.string(), state: z.string() })) });

/** GitHub switches a scheduled workflow off after sixty quiet days. */
export async function runningTold({ files }: Pipeline, repository: string, root: string, ask: Ask): Promise<Told[]> {
  const found = await read(ask, `${root}/actions/workflows`, workflowsForm, ["which workflows run", "Actions: read"]);
  if (!found.value) return found.told;
  return found.value.workflows
    .filter((one) => one.state !== "active" && files.some((file) => file.path === one.path))
    .map((one) => ({
      what: `${one.path} is ${one.state.replaceAll("_", " ")}, should be active`,
      fix: `gh workflow enable ${path.posix.basename(one.path)} --repo ${repository}`,
    }));
}
