/** Nothing to say about any generated file, by four programs that each find something in a bad one. */
import * as fs from "node:fs";
import * as path from "node:path";
import { validate } from "@actions/languageservice";
import { expect, test } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { ownersOptions, rootOf } from "../../operate/workflow-files.ts";
import { checkout } from "../../tools/cache.ts";
import { workflowFiles, type File } from "../../workflows/index.ts";
import { KNOWN } from "../../workflows/pins.ts";
import { actionlint, repositoryOf, say, scripts, shellcheck, zizmor } from "./checkers.ts";
import { ALL } from "./options.ts";

const BAD: File = {
  path: ".github/workflows/bad.yml",
  text: `on: pull_request_target
jobs:
  a:
    runs-on: ubuntu-24.04
    needs: nobody
    steps:
      - uses: actions/checkout@v4
        with: { fetchdepth: 1 }
      - run: echo \${{ github.event.pull_request.title }} && cat $FILE
`,
};

/** What GitHub's own editor would underline, with what each action takes. */
async function underlined({ path: name, text }: File): Promise<string[]> {
  const found = await validate(TextDocument.create(`file:///repository/${name}`, "yaml", 1, text), {
    actionsMetadataProvider: {
      fetchActionMetadata: async ({ owner, name: repository, path: inside }) => {
        const { inputs, required } = KNOWN[[owner, repository, inside].filter(Boolean).join("/")]!;
        return {
          name: repository,
          description: "",
          inputs: Object.fromEntries(inputs.map((input) => [input, { description: "", required: required.includes(input) }])),
        };
      },
    },
  });
  return found.map(({ message, range }) => `${name}:${range.start.line + 1}: ${typeof message === "string" ? message : message.value}`);
}

/** The repository that this checkout is part of, whosever it is: its folder as it lies there, also what somebody wrote himself; or what it will have. */
function ownFiles(): File[] {
  const options = ownersOptions();
  const folder = path.join(rootOf(checkout, options), ".github");
  if (!fs.existsSync(folder)) return workflowFiles(options);
  const names = fs.readdirSync(folder, { recursive: true }) as string[];
  return names.filter((name) => /\.ya?ml$/.test(name)).map((name) => ({ path: `.github/${name}`, text: fs.readFileSync(path.join(folder, name), "utf8") }));
}
const CHECKED = { ...Object.fromEntries(Object.entries(ALL).map(([name, one]) => [name, workflowFiles(one)])), "this repository": ownFiles() };
for (const [name, files] of Object.entries(CHECKED)) {
  test(`actionlint, with shellcheck, has nothing to say: ${name}`, async () => {
    const { out, log } = say(await actionlint(), ["-shellcheck", await shellcheck(), "-pyflakes", ""], repositoryOf(files));
    expect(out + log).toBe("");
  });
  test(`zizmor as an auditor has nothing to say: ${name}`, async () => {
    const { code, out, log } = say(await zizmor(), ["--offline", "--persona=auditor", "--format=json", "--no-progress", ".github"], repositoryOf(files));
    expect(JSON.parse(out)).toEqual([]);
    expect(log).not.toMatch(/WARN|ERROR/);
    expect(code).toBe(0);
  });
  test(`GitHub's own language service has nothing to say: ${name}`, async () => {
    const workflows = files.filter((file) => file.path.includes("/workflows/"));
    expect((await Promise.all(workflows.map(underlined))).flat()).toEqual([]);
  });
  test(`shellcheck has nothing to say about any script: ${name}`, async () => {
    const folder = repositoryOf(scripts(files).map(({ text }, index) => ({ path: `${index}.sh`, text: `#!/bin/bash\nset -euo pipefail\n${text}` })));
    const all = fs.readdirSync(folder).filter((file) => file.endsWith(".sh"));
    expect(all.length).toBeGreaterThan(20);
    expect(say(await shellcheck(), ["--norc", ...all], folder).out).toBe("");
  });
}

test("each of them finds something in a bad one", async () => {
  const folder = repositoryOf([BAD]);
  const { out } = say(await actionlint(), ["-shellcheck", await shellcheck(), "-pyflakes", ""], folder);
  for (const one of ["nobody", "untrusted", "SC2086"]) expect(out).toContain(one);
  const found = JSON.parse(say(await zizmor(), ["--offline", "--persona=auditor", "--format=json", "--no-progress", ".github"], folder).out) as {
    ident: string;
  }[];
  const idents = found.map(({ ident }) => ident);
  for (const one of ["dangerous-triggers", "template-injection", "unpinned-uses", "artipacked", "excessive-permissions"]) expect(idents).toContain(one);
  expect((await underlined(BAD)).join("\n")).toMatch(/fetchdepth/);
});
