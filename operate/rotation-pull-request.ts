/** The pull request that a rotation ends in, where a person wants one: all that it needs is looked at beforehand, so that nothing is renewed that then waits for a person. */
import { STACK as LOCAL } from "../local/stack.ts";
import { attempt } from "../local/command.ts";
import { githubService } from "./github-doctor/index.ts";
import { repositoryForm } from "./github-doctor/repository.ts";
import { askOf, tellOf, type Answer } from "./rest.ts";

export interface Opening {
  readonly stack: string;
  /** The project's folder, in a checkout of the repository. */
  readonly folder: string;
  /** `https://api.github.com`. */
  readonly base: string;
  readonly token: string | undefined;
  /** `recoloca/recoloca`, where the stack says it. @default that of the checkout */
  readonly repository: string | undefined;
}

/** Gives the link. Throws with what is left to be done by hand. */
export type Propose = (wanted: { readonly branch: string; readonly title: string; readonly body: string }) => Promise<string>;

interface Remote {
  /** `origin`. */
  readonly remote: string;
  /** `recoloca/recoloca`. */
  readonly name: string;
}

/** Of the lines of `git config`, by what is written there: `git@github.com:recoloca/recoloca.git`, `https://github.com/recoloca/recoloca`. */
function remotesAt(host: string, lines: string): Remote[] {
  const address = new RegExp(`^remote\\.(.+)\\.url (?:\\w+://)?(?:[^@/ ]+@)?${host.replaceAll(".", "\\.")}(?::\\d+)?[:/]([^/]+/[^/]+?)(?:\\.git)?/?$`);
  return lines.split("\n").flatMap((line) => {
    const [, remote, name] = address.exec(line) ?? [];
    return remote !== undefined && name !== undefined ? [{ remote, name }] : [];
  });
}

const last = (text: string) => text.trim().split("\n").at(-1)!;
const messageOf = ({ status, body }: Answer) => `${status}: ${String((body as { message?: unknown } | null)?.message)}`;

/** Throws where it could not be opened afterwards, with what mends that. */
export async function readyToPropose({ stack, folder, base, token, repository }: Opening): Promise<Propose> {
  const file = `Pulumi.${stack}.yaml`;
  const git = (...args: string[]) => attempt("git", args, { cwd: folder });
  const refuse = (what: string, fix: string): never => {
    throw new Error(`PULL_REQUEST=1: ${what}; nothing was changed\n  ${fix}`);
  };
  if (stack === LOCAL) return refuse("the local stack's file is in no repository", "make rotate without it");
  if (!token)
    return refuse(
      "there is no token for GitHub",
      "export GITHUB_TOKEN, one that may write contents and pull requests; or: pulumi config set --secret recoloca:githubToken",
    );
  const host = new URL(base).hostname.replace(/^api\./, "");
  const all = remotesAt(host, (await git("config", "--get-regexp", "^remote\\..*\\.url$")).stdout).filter(
    ({ name }) => repository === undefined || name.toLowerCase() === repository.toLowerCase(),
  );
  const found = all.find(({ remote }) => remote === "origin") ?? all[0];
  if (!found)
    return refuse(
      `no remote of this checkout is ${repository ?? "a repository"} at ${host}`,
      `git remote add origin git@${host}:${repository ?? "OWNER/REPOSITORY"}.git`,
    );
  const { remote, name } = found;
  if ((await git("status", "--porcelain", "--", file)).stdout !== "")
    return refuse(
      `${file} has changes that are not committed, which would be in it as well`,
      `git diff ${file} shows them; without PULL_REQUEST=1 a run that was stopped goes on`,
    );
  const github = githubService(base, token);
  const answer = await askOf(github)(`/repos/${name}`);
  const main = repositoryForm.safeParse(answer.body).data?.default_branch;
  if (answer.status !== 200 || main === undefined)
    return refuse(`GitHub shows this token no repository ${name} (${messageOf(answer)})`, "another token: docs/github.md");
  const fetched = await git("fetch", "--quiet", remote, main);
  if (fetched.code !== 0) return refuse(`${remote} cannot be read (${last(fetched.output)})`, `git fetch ${remote} ${main}`);
  const ahead = (await git("rev-list", "FETCH_HEAD..HEAD")).stdout;
  if (ahead !== "")
    return refuse(`this checkout has commits that ${main} does not have, and they would be in it as well`, `git switch ${main}, or merge them first`);
  if ((await git("diff", "--quiet", "HEAD", "FETCH_HEAD", "--", file)).code !== 0)
    return refuse(`${main} has another ${file} than this checkout`, `git pull ${remote} ${main}`);
  const pushed = await git("push", "--quiet", "--dry-run", "--no-verify", remote, `HEAD:refs/heads/renewed-${stack}`);
  if (pushed.code !== 0) return refuse(`${remote} takes no branch from here (${last(pushed.output)})`, `git push ${remote} HEAD:refs/heads/renewed-${stack}`);

  return async ({ branch, title, body }) => {
    const link = `https://${host}/${name}/compare/${main}...${branch}?expand=1`;
    // Commits of that file alone: what else is changed or staged here stays so.
    const commands = [
      ["switch", "--quiet", "--create", branch],
      ["commit", "--quiet", "--only", "--message", title, "--", file],
      ["push", "--quiet", "--set-upstream", remote, branch],
    ];
    for (const [index, args] of commands.entries()) {
      const ran = await git(...args);
      if (ran.code === 0) continue;
      const left = commands.slice(index).map((one) => `git ${one.map((word) => (/^[\w./-]+$/.test(word) ? word : `"${word}"`)).join(" ")}`);
      throw new Error(`git ${args[0]} ended with ${ran.code} (${last(ran.output)})\n  by hand   ${left.join(" && ")}\n  and then  ${link}`);
    }
    const opened = await tellOf(github)(`/repos/${name}/pulls`, { title, head: branch, base: main, body }).catch((error: Error) => error);
    if (!(opened instanceof Error) && opened.status === 201) return (opened.body as { html_url: string }).html_url;
    throw new Error(`its branch is there, and GitHub opened none (${opened instanceof Error ? opened.message : messageOf(opened)})\n  by hand   ${link}`);
  };
}
