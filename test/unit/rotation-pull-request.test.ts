/** `make rotate PULL_REQUEST=1`: a real checkout with a real remote, and GitHub's interface over HTTP. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { rotate } from "../../operate/rotate.ts";
import { readyToPropose, type Opening } from "../../operate/rotation-pull-request.ts";
import { githubRest, ROOT } from "../doubles/github-rest.ts";
import { RotatingStack, TODAY } from "../doubles/rotating-stack.ts";

const rest = await githubRest();
const root = fs.mkdtempSync(path.join(os.tmpdir(), "recoloca-pull-request-"));
afterAll(() => {
  rest.close();
  vi.unstubAllEnvs();
  fs.rmSync(root, { recursive: true });
});

const FILE = "Pulumi.staging.yaml";
const LINK = "https://github.com/recoloca/recoloca/pull/7";
const COMPARE = "https://127.0.0.1/recoloca/recoloca/compare/main...renewed-staging-POSTGRES_PASSWORD-2?expand=1";
const [bare, folder] = ["remote.git", "checkout"].map((name) => path.join(root, name)) as [string, string];
// Nobody's own settings of git.
for (const level of ["GLOBAL", "SYSTEM"]) vi.stubEnv(`GIT_CONFIG_${level}`, "/dev/null");
const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trim();
const inRemote = (...args: string[]) => git("--git-dir", bare, ...args);
const edit = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text);

beforeEach(() => {
  fs.rmSync(root, { recursive: true });
  fs.mkdirSync(folder, { recursive: true });
  git("init", "--quiet", "--bare", "--initial-branch=main", bare);
  git("init", "--quiet", "--initial-branch=main");
  for (const [key, value] of Object.entries({
    "user.name": "ana",
    "user.email": "ana@example.com",
    [`url.${bare}.insteadOf`]: "http://127.0.0.1/recoloca/recoloca.git",
  }))
    git("config", key, value);
  git("remote", "add", "origin", "http://127.0.0.1/recoloca/recoloca.git");
  edit(FILE, "generation: 1\n");
  edit("README.md", "one\n");
  git("add", ".");
  git("commit", "--quiet", "--message", "first");
  git("push", "--quiet", "origin", "main");
  rest.answers = {
    [ROOT]: {
      body: {
        id: 2002,
        owner: { id: 1001 },
        created_at: "2025-01-10T08:00:00Z",
        full_name: "recoloca/recoloca",
        visibility: "private",
        default_branch: "main",
      },
    },
    [`POST ${ROOT}/pulls`]: { status: 201, body: { number: 7, html_url: LINK } },
  };
  for (const all of [rest.asked, rest.told]) all.length = 0;
});

const opening = (change: Partial<Opening> = {}): Opening => ({
  stack: "staging",
  folder,
  base: rest.base,
  token: "MARKER-token",
  repository: "recoloca/recoloca",
  ...change,
});

/** `make rotate`, whose Pulumi writes the stack's file. */
async function rotated(change: Partial<Opening> = {}) {
  const stack = new RotatingStack();
  const propose = await readyToPropose(opening(change));
  const run = stack.run({ propose });
  const code = await rotate(
    { secret: "POSTGRES_PASSWORD", all: false, revoke: false },
    {
      ...run,
      pulumi: async (args, options) => {
        if (args[1] === "set-all") edit(FILE, "generation: 2\n");
        return run.pulumi(args, options);
      },
    },
  );
  return { code, said: stack.said.join("\n"), live: stack.live };
}

test("commits the stack's file alone, pushes it, and opens the pull request", async () => {
  edit("README.md", "two\n");
  edit("new.txt", "staged\n");
  git("add", "new.txt");
  const { code, said } = await rotated();
  expect(code, said).toBe(0);
  expect(said).toContain(` pull request   ${LINK}\n                merge it soon: a checkout without it is refused`);
  expect(said).not.toContain("to commit");
  const branch = "renewed-staging-POSTGRES_PASSWORD-2";
  expect(git("branch", "--show-current")).toBe(branch);
  expect(git("status", "--porcelain").split("\n")).toEqual(["M README.md", "A  new.txt"]);
  expect(inRemote("diff", "--name-only", "main", branch)).toBe(FILE);
  expect(inRemote("show", `${branch}:${FILE}`)).toBe("generation: 2");
  expect(inRemote("log", "--format=%s", branch)).toBe("POSTGRES_PASSWORD is at generation 2\nfirst");
  expect(rest.told).toEqual([
    {
      title: "POSTGRES_PASSWORD is at generation 2",
      head: branch,
      base: "main",
      body: expect.stringMatching(/By ana[^]*POSTGRES_PASSWORD \| 1 → 2[^]*It is live/) as string,
    },
  ]);
  expect(rest.asked).toEqual([`GET Bearer MARKER-token ${ROOT}`, `POST Bearer MARKER-token ${ROOT}/pulls`]);
  expect(JSON.stringify([said, rest.told, inRemote("log", "-p", branch)])).not.toContain("MARKER");
});

test("the remote that is at GitHub is taken, by whichever of the ways to write it", async () => {
  git("remote", "set-url", "origin", "https://gitlab.com/recoloca/recoloca.git");
  git("remote", "add", "github", "git@127.0.0.1:Recoloca/recoloca");
  git("config", `url.${bare}.insteadOf`, "git@127.0.0.1:Recoloca/recoloca");
  const answers = rest.answers;
  rest.answers = Object.fromEntries(Object.entries(answers).map(([key, value]) => [key.replace(ROOT, "/repos/Recoloca/recoloca"), value]));
  expect((await rotated()).code).toBe(0);
});

describe("is refused before anything is renewed:", () => {
  const refused = (says: string | RegExp, change: Partial<Opening> = {}) => expect(readyToPropose(opening(change))).rejects.toThrow(says);
  afterEach(() => {
    expect(git("branch", "--format", "%(refname:short)")).toBe("main");
    expect(rest.told).toEqual([]);
  });
  test("without a token", () => refused(/there is no token for GitHub; nothing was changed\n {2}export GITHUB_TOKEN/, { token: undefined }));
  test("with a token that GitHub does not show the repository", async () => {
    rest.answers = {};
    await refused("GitHub shows this token no repository recoloca/recoloca (404: Not Found); nothing was changed\n  another token: docs/github.md");
  });
  test("of the local stack", () => refused("the local stack's file is in no repository", { stack: "local" }));
  test.each([
    ["another place", "https://gitlab.com/recoloca/recoloca.git"],
    ["another repository", "http://127.0.0.1/recoloca/other.git"],
    ["a folder", "/srv/git/recoloca/recoloca.git"],
  ])("where the only remote is %s", async (_what, url) => {
    git("remote", "set-url", "origin", url);
    await refused(
      "no remote of this checkout is recoloca/recoloca at 127.0.0.1; nothing was changed\n  git remote add origin git@127.0.0.1:recoloca/recoloca.git",
    );
  });
  test("where the stack's file has other changes", async () => {
    edit(FILE, "generation: 1\nmine: 1\n");
    await refused(/Pulumi\.staging\.yaml has changes that are not committed, [^]*git diff Pulumi\.staging\.yaml/);
    git("checkout", FILE);
  });
  test("where there are commits that nobody has seen", async () => {
    git("commit", "--quiet", "--allow-empty", "--message", "mine");
    await refused("this checkout has commits that main does not have");
  });
  test("where the file is another one at GitHub", async () => {
    edit(FILE, "generation: 3\n");
    git("commit", "--quiet", "--all", "--message", "of somebody else");
    git("push", "--quiet", "origin", "main");
    git("reset", "--quiet", "--hard", "HEAD~");
    await refused("main has another Pulumi.staging.yaml than this checkout; nothing was changed\n  git pull origin main");
  });
  test("where the remote does not answer, or takes nothing", async () => {
    fs.renameSync(bare, `${bare}.away`);
    await refused(/origin cannot be read \([^]*git fetch origin main/);
    fs.renameSync(`${bare}.away`, bare);
    git("config", "remote.origin.pushurl", "/nowhere");
    await refused(/origin takes no branch from here/);
  });
});

describe("what fails afterwards leaves the rotation as it is, and says what is left:", () => {
  const LIVE = { POSTGRES_PASSWORD: { generation: 2, since: TODAY } };
  test("a commit that a hook refuses", async () => {
    fs.writeFileSync(path.join(folder, ".git/hooks/pre-commit"), "#!/bin/sh\necho no signature >&2; exit 1\n", { mode: 0o755 });
    const { code, said, live } = await rotated();
    expect([code, live]).toEqual([1, LIVE]);
    expect(said).toContain(`It is renewed and live, and has no pull request yet: git commit ended with 1 (no signature)
  by hand   git commit --quiet --only --message "POSTGRES_PASSWORD is at generation 2" -- ${FILE} && git push --quiet --set-upstream origin renewed-staging-POSTGRES_PASSWORD-2
  and then  ${COMPARE}`);
  });
  test("a push that a rule of the remote refuses", async () => {
    fs.writeFileSync(path.join(bare, "hooks/pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const { code, said, live } = await rotated();
    expect([code, live]).toEqual([1, LIVE]);
    expect(said).toMatch(/git push ended with 1 [^]*by hand {3}git push --quiet --set-upstream origin renewed-staging-POSTGRES_PASSWORD-2\n/);
  });
  test.each([
    [
      "a token that may not",
      { status: 403, body: { message: "Resource not accessible by personal access token" } },
      "(403: Resource not accessible by personal access token)",
    ],
    ["GitHub's own trouble", { status: 502, body: {} }, "GitHub answers 502 for /repos/recoloca/recoloca/pulls: its own trouble"],
  ])("%s", async (_what, answer, why) => {
    rest.answers[`POST ${ROOT}/pulls`] = answer;
    const { code, said, live } = await rotated();
    expect([code, live]).toEqual([1, LIVE]);
    expect(said).toContain(why);
    expect(said).toContain(`by hand   ${COMPARE}`);
    expect(inRemote("branch", "--list", "renewed-*")).toContain("renewed-staging-POSTGRES_PASSWORD-2");
  });
});
