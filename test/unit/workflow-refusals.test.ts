/** What GitHub's side is refused for, word for word: what was got, and what mends it. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { knownOf, readActions } from "../../operate/read-actions.ts";
import { stale, write } from "../../operate/workflow-files.ts";
import { sayProblems, STACK_NAME } from "../../settings/problems.ts";
import { checkWhole } from "../../settings/whole.ts";
import { refuse, refuseTogether } from "../../workflows/check.ts";
import { requiredChecks, workflowFiles, workflows } from "../../workflows/index.ts";
import type { Workflow } from "../../workflows/model.ts";
import { KNOWN, readPins, unread, type ActionName } from "../../workflows/pins.ts";
import { checkout } from "../../tools/cache.ts";
import { ALL, BY_TAG } from "../workflows/options.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "refusals-"));
afterAll(() => fs.rmSync(root, { recursive: true }));

const saidBy = (work: () => unknown) => {
  try {
    work();
    return "nothing";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("a stack", () => {
  const GOOD = {
    repository: "recoloca/recoloca",
    domain: "recoloca.ai",
    composeFile: "compose.yaml",
    routes: [{ path: "/", service: "backend", port: 8000 }],
    ec2: { region: "sa-east-1", instanceType: "t4g.small", sshFrom: ["203.0.113.0/24"] },
    github: { visibility: "public", plan: "team", reviewers: { teams: { platform: 42 } } },
  };
  const said = (change: object) => {
    const folder = fs.mkdtempSync(path.join(root, "stack-"));
    fs.writeFileSync(path.join(folder, "compose.yaml"), "services:\n  backend: { image: a }\n");
    const values = Object.fromEntries(
      Object.entries({ ...GOOD, ...change }).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    );
    return sayProblems("production", checkWhole({ values, encrypted: new Set(["secrets"]) }, folder, "production").problems);
  };

  test("that the server could not call by its name", () => {
    const folder = fs.mkdtempSync(path.join(root, "stack-"));
    fs.writeFileSync(path.join(folder, "compose.yaml"), "services:\n  backend: { image: a }\n");
    const values = { publicUrl: "https://example.org", composeFile: "compose.yaml" };
    const named = (stack: string) => checkWhole({ values, encrypted: new Set() }, folder, stack).problems.filter(({ key }) => key === STACK_NAME);
    expect(named("staging-2")).toEqual([]);
    expect(sayProblems("My_Stack.2", named("My_Stack.2"))).toMatchInlineSnapshot(`
      "stack My_Stack.2 has a problem in its configuration; nothing was changed

        the stack's name          got "My_Stack.2", wants lower-case letters, digits and dashes, 41 at most, a letter first
                                  pulumi stack rename my-stack-2
      "
    `);
    for (const stack of ["2nd", "a".repeat(42), "staging_2"]) expect(named(stack)).toHaveLength(1);
  });

  test("of production that nobody has to approve", () =>
    expect(said({ github: { ...GOOD.github, reviewers: {} } })).toMatchInlineSnapshot(`
    "stack production has a problem in its configuration; nothing was changed

      recoloca:github.reviewers  is missing: nobody would have to approve what goes to production
                                 pulumi config set --path recoloca:github.reviewers.teams.platform "$(gh api orgs/recoloca/teams/platform --jq .id)"
                                 or: pulumi config set --path recoloca:github.reviewers.users.ana "$(gh api users/ana --jq .id)"
    "
  `));
  test("whose repository's plan has no environments", () =>
    expect(said({ github: { visibility: "private", plan: "free" } })).toMatchInlineSnapshot(`
    "stack production has a problem in its configuration; nothing was changed

      recoloca:github.plan      got "free" with a repository that is private: GitHub has no environments there, and without them every branch could deploy
                                pulumi config set --path 'recoloca:github.plan' team, once the owner has that plan
                                or: pulumi config set --path 'recoloca:github.visibility' public, once the repository is
    "
  `));
  test("with a secret that no one consumes", () =>
    expect(said({ secrets: { OLD_TOKEN: "MARKER" } })).toMatchInlineSnapshot(`
    "stack production has a problem in its configuration; nothing was changed

      recoloca:secrets.OLD_TOKEN  is used by nothing: neither by the Compose file nor by a workflow
                                  pulumi config rm --path recoloca:secrets.OLD_TOKEN
    "
  `));
  test("that wants approval where nobody can approve", () =>
    expect(
      said({
        github: { visibility: "private", plan: "team", ownsRepository: true, releasers: { teams: { platform: 42 } } },
        pipeline: { production: "approval" },
      }),
    ).toMatchInlineSnapshot(`
      "stack production has a problem in its configuration; nothing was changed

        recoloca:pipeline.production  got "approval", and GitHub's team plan has no reviewers for a repository that is private
                                      pulumi config set --path 'recoloca:pipeline.production' tag
      "
    `));
});

describe("workflows", () => {
  const made = workflows(BY_TAG);
  const of = (file: string) => made.find((one) => one.file === file)!;

  test("with an action that is not in the list of pins", () => {
    const step = { name: "Cache", uses: "actions/cache" as ActionName };
    const { ...ci } = of("ci.yml");
    expect(saidBy(() => refuse({ ...ci, jobs: { ...ci.jobs, changes: { ...ci.jobs["changes"]!, steps: [...ci.jobs["changes"]!.steps, step] } } }))).toBe(
      `the workflow ci.yml is refused
  job changes: step "Cache": uses actions/cache, which is not in the list of pins: add it to workflows/pins/action.yml, at the commit of a release, and to ACTIONS in workflows/pins.ts`,
    );
  });

  test("of which two are called the same, or are one file", () => {
    const lint: Workflow = { ...of("rotation.yml"), file: "lint.yml", name: "CI" };
    expect(saidBy(() => refuseTogether([...made, lint, { ...lint, name: "Other", file: "ci.yml" }], requiredChecks))).toBe(
      `the workflows do not go together; nothing was written
  two workflows are written to ci.yml: the second would take the first one's place; give one another file
  two workflows are called "CI": ci.yml and lint.yml; in GitHub's lists nobody could tell them apart: give one another name`,
    );
  });

  test("that do not produce a check which a merge requires, or twice", () => {
    const { required, ...rest } = of("ci.yml").jobs;
    const others = made.filter(({ file }) => file !== "ci.yml");
    expect(saidBy(() => refuseTogether([...others, { ...of("ci.yml"), jobs: rest }], requiredChecks))).toBe(
      `the workflows do not go together; nothing was written
  the check "Checks passed" is required for a merge, and no job of a pull request and of the merge queue is called so: nothing could be merged; take it from requiredChecks (workflows/index.ts), or give a job that name`,
    );
    const twice: Workflow = { ...of("rotation.yml"), jobs: { required: required! } };
    expect(saidBy(() => refuseTogether([...made.filter(({ file }) => file !== "rotation.yml"), twice], requiredChecks))).toBe(
      `the workflows do not go together; nothing was written
  jobs of ci.yml and rotation.yml are called "Checks passed", which a merge requires: either would do; give one another name`,
    );
  });

  test.each(Object.entries(ALL))("that are right are not: each check that a merge requires is a job's, once: %s", (_name, options) => {
    const all = workflows(options);
    expect(saidBy(() => refuseTogether(all, requiredChecks))).toBe("nothing");
    const names = all.flatMap(({ jobs }) => Object.values(jobs).map(({ name }) => name));
    expect(requiredChecks.map((check) => names.filter((name) => name === check))).toEqual(requiredChecks.map((check) => [check]));
  });
});

describe("files that are somebody's own", () => {
  const wanted = workflowFiles(BY_TAG);
  const place = (theirs: Record<string, string>) => {
    const folder = fs.mkdtempSync(path.join(root, "repository-"));
    fs.mkdirSync(path.join(folder, ".github/workflows"), { recursive: true });
    for (const [name, text] of Object.entries(theirs)) fs.writeFileSync(path.join(folder, ".github/workflows", name), text);
    return folder;
  };
  test("by the name of one of ours, by its words, or by a check that a merge requires: nothing is written, and all of it is said", () => {
    const folder = place({ "ci.yml": "name: mine\n", "build.yml": "name: Deploy\njobs:\n  Checks passed: {}\n  b: { name: Security passed }\n" });
    const lines = [
      `.github/workflows/build.yml is somebody's own, and is called "Deploy" like .github/workflows/deploy.yml: give it another name, or remove it`,
      `.github/workflows/build.yml is somebody's own, and a job of it is called "Checks passed", which a merge requires: give it another name, or remove it`,
      `.github/workflows/build.yml is somebody's own, and a job of it is called "Security passed", which a merge requires: give it another name, or remove it`,
    ];
    expect(saidBy(() => write(folder, wanted))).toBe(
      [
        "nothing was written: somebody's own files are in the way",
        "  git mv .github/workflows/ci.yml .github/workflows/ci.yml.old",
        ...lines.map((line) => `  ${line}`),
      ].join("\n"),
    );
    expect(fs.readdirSync(path.join(folder, ".github/workflows")).sort()).toEqual(["build.yml", "ci.yml"]);
    expect(stale(folder, wanted, { pins: true })).toEqual(expect.arrayContaining(lines));
  });
  test("that are called otherwise are left alone", () => {
    const folder = place({ "pages.yml": "name: Pages\njobs:\n  a: {}\n", "notes.txt": "x", "broken.yml": "a: [", "empty.yml": "" });
    expect(saidBy(() => write(folder, wanted))).toBe("nothing");
    expect(stale(folder, wanted, { pins: true })).toEqual([]);
    expect(fs.readFileSync(path.join(folder, ".github/workflows/pages.yml"), "utf8")).toContain("name: Pages");
  });
});

describe("a pin", () => {
  const pins = readPins();
  const sha = "0123456789".repeat(4);
  const raised = { ...pins, "actions/checkout": { sha, version: "v99.0.0" } };

  test("that was raised since its action was read, or of an action that never was, is said with the command that reads it", () => {
    const { "actions/attest": _attest, ...known } = KNOWN;
    expect(unread(raised, known)).toEqual([
      `actions/attest: what it takes and uses was never read, and the pin is ${pins["actions/attest"].sha.slice(0, 7)} (${pins["actions/attest"].version}): npm run read-actions`,
      `actions/checkout: what it takes and uses was read at ${pins["actions/checkout"].sha.slice(0, 7)}, and the pin is 0123456 (v99.0.0): npm run read-actions`,
    ]);
  });

  test("that is older than what was read, or another commit of that release, is refused wherever files are made", () => {
    const list = (change: Record<string, string>) =>
      `runs:\n  steps:\n${Object.entries(pins).map(([name, { sha: own, version }]) => `    - uses: ${change[name] ?? `${name}@${own} # ${version}`}\n`).join("")}`; // prettier-ignore
    const change = { "actions/checkout": `actions/checkout@${sha} # v7.0.0`, "pulumi/actions": `pulumi/actions@${sha} # ${pins["pulumi/actions"].version}` };
    const way = "put it back, or have it read as it is: npm run read-actions";
    expect(saidBy(() => readPins(list(change)))).toBe(
      `workflows/pins/action.yml has 2 problems
  actions/checkout: got v7.0.0, which is older than ${pins["actions/checkout"].version}, as which it was read; ${way}
  pulumi/actions: got 0123456 as ${pins["pulumi/actions"].version}, which is ${pins["pulumi/actions"].sha.slice(0, 7)}: a release has one commit; ${way}`,
    );
    expect(saidBy(() => readPins(list({ "actions/checkout": `actions/checkout@${sha} # v7.0.10` })))).toBe("nothing");
  });

  describe("for whoever runs make workflows", () => {
    /** A copy of this program, whose pin of actions/checkout is this one. */
    const ran = (pin: string, CHECK: string) => {
      const copy = fs.mkdtempSync(path.join(root, "program-"));
      for (const name of ["application/compose.yaml", "components", "local", "operate", "package.json", "Pulumi.production.yaml", "release", "secrets", "settings", "tools", "workflows", ".github"])
        fs.cpSync(path.join(checkout, name), path.join(copy, name), { recursive: true });
      fs.symlinkSync(path.join(checkout, "node_modules"), path.join(copy, "node_modules"));
      const list = path.join(copy, "workflows/pins/action.yml");
      fs.writeFileSync(list, fs.readFileSync(list, "utf8").replace(/actions\/checkout@\S+ # \S+/, `actions/checkout@${pin}`));
      const before = fs.readFileSync(path.join(copy, ".github/workflows/ci.yml"), "utf8");
      const { status, stdout, stderr } = spawnSync(process.execPath, ["operate/workflow-files.ts"], { cwd: copy, encoding: "utf8", env: { ...process.env, CHECK } });
      return { status, said: stdout + stderr, wrote: fs.readFileSync(path.join(copy, ".github/workflows/ci.yml"), "utf8") !== before };
    };
    const raise = `${sha} # v99.0.0`;
    test.each([
      ["writing: a raised one that nobody has read", raise, "", 1, "error: workflows/pins/action.yml has 1 pins whose actions nobody has read; nothing was written\n  actions/checkout: what it takes"],
      ["comparing all: the same", raise, "1", 1, "npm run read-actions"],
      ["in what raises it: it is said, and passes", raise, "but-pins", 0, " a pin was raised: actions/checkout: what it takes"],
      ["in what raises it: one that is older does not", `${sha} # v6.0.0`, "but-pins", 1, "which is older than"],
    ])("%s", (_what, pin, check, status, says) => {
      const seen = ran(pin, check);
      expect(seen).toMatchObject({ status, said: expect.stringContaining(says) as string, wrote: false });
    });
  }); // prettier-ignore

  test("of today is one that its action was read at, but for two whose commits could not be read from here", () => {
    expect(unread()).toEqual([]);
    expect(Object.keys(KNOWN).sort()).toEqual(Object.keys(pins).sort());
    const instead = Object.entries(KNOWN).filter(([name, { readAt }]) => readAt !== pins[name as ActionName].sha);
    expect(instead.map(([name]) => name)).toEqual(["actions/configure-pages", "actions/dependency-review-action"]);
  });

  test("what its action's file says of it: inputs that have to be given, and what it is made of", () => {
    const text = `
inputs:
  a: { required: true }
  b: { required: true, default: x }
  c:
outputs: { d: { value: x } }
runs:
  using: composite
  steps: [{ uses: actions/cache/save@abc }, { run: x }, { uses: ./inner }, { uses: "docker://x" }, { uses: actions/cache/save@abc }]
`;
    expect(knownOf(text, { sha, version: "v1.2.3" })).toEqual({
      readAt: sha,
      version: "v1.2.3",
      inputs: ["a", "b", "c"],
      required: ["a"],
      outputs: ["d"],
      nested: ["actions/cache/save"],
    });
  });

  describe("is read", () => {
    let server: http.Server;
    let from = "";
    const answers: Record<string, string> = {};
    beforeAll(async () => {
      server = http.createServer(({ url }, answer) => {
        const text = answers[url!];
        answer.writeHead(text === undefined ? 404 : 200).end(text);
      });
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => void server.close());
    const known = Object.fromEntries(Object.entries(KNOWN).map(([name, one]) => [name, { ...one, readAt: pins[name as ActionName].sha }]));
    const two = { ...raised, "github/codeql-action/upload-sarif": { sha, version: "v99.0.0" } };
    const file = path.join(root, "inputs.json");

    test("at its own commit, and nothing else is", async () => {
      answers[`/actions/checkout/${sha}/action.yml`] = "inputs: { ref: {} }";
      answers[`/github/codeql-action/${sha}/upload-sarif/action.yaml`] = "inputs: { sarif_file: {} }";
      expect(await readActions(two, { file, known, from })).toEqual(["actions/checkout", "github/codeql-action/upload-sarif"]);
      const written = JSON.parse(fs.readFileSync(file, "utf8")) as typeof KNOWN;
      expect(written["actions/checkout"]).toEqual({ readAt: sha, version: "v99.0.0", inputs: ["ref"], required: [], outputs: [] });
      expect(written["docker/login-action"]).toEqual(known["docker/login-action"]);
      expect(unread(two, written)).toEqual([]);
      expect(await readActions(two, { file, known: written, from: "http://127.0.0.1:9" })).toEqual([]);
    });

    test("or all that cannot be is said, and nothing is written", async () => {
      delete answers[`/actions/checkout/${sha}/action.yml`];
      fs.writeFileSync(file, "as it was");
      await expect(readActions(two, { file, known, from })).rejects.toThrow(
        `the files of 1 of 2 actions cannot be read; nothing was written\n  actions/checkout\n    ${from}/actions/checkout/${sha}/action.yml: 404\n    ${from}/actions/checkout/${sha}/action.yaml: 404`,
      );
      expect(fs.readFileSync(file, "utf8")).toBe("as it was");
    });
  });
});
