/** What a reviewer reads below a pull request, from previews that the real engine made (test/engine/previews.test.ts records them). */
import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { definitionsOf, keepsData } from "../../release/definitions.ts";
import type { Plan } from "../../release/plan.ts";
import { previewLines } from "../../release/preview.ts";
import { risksOf } from "../../review/risks.ts";
import { block, markOf } from "../../review/block.ts";
import { readPreview, type Preview } from "../../review/preview.ts";
import { keepComment, type Ask } from "../../review/pull-request.ts";

const where = { stack: "staging", commit: "4f2a9c1d0e", run: "https://example.org/runs/1" };
const recorded = (name: string) => readPreview(fs.readFileSync(path.join(import.meta.dirname, "..", "previews", `${name}.json`), "utf8"));
const shown = (name: string) => block(recorded(name), where);
const END = "\n\n4f2a9c1, [the whole run](https://example.org/runs/1)\n";

test("a restart: one line, and what visitors notice", () => {
  expect(shown("restart")).toBe(`<!-- recoloca: preview of staging -->

### Preview of staging: 1 updated, 21 stay

:warning: **downtime**

\`\`\`
downtime     aws:ec2:Instance server is updated: the server is stopped and started again
\`\`\`

\`\`\`diff
~ updated   aws:ec2:Instance  server  instanceType
\`\`\`${END}`);
});

test("replacements: each with what it costs", () => {
  expect(shown("replacements")).toBe(`<!-- recoloca: preview of staging -->

### Preview of staging: 5 replaced, 17 stay

:warning: **data, downtime, replacement**

\`\`\`
data         aws:s3:Bucket backups is replaced: the objects in it are not taken along
downtime     aws:ec2:EipAssociation server is replaced: the server loses its address
downtime     aws:ec2:Instance server is replaced: the application is away until another server serves
downtime     aws:ec2:VolumeAttachment data is replaced: the disk with the data is taken off the server
replacement  aws:s3:BucketObjectLockConfiguration lock is replaced
\`\`\`

\`\`\`diff
! replaced  aws:ec2:EipAssociation                server
! replaced  aws:ec2:Instance                      server   ami, instanceType
! replaced  aws:ec2:VolumeAttachment              data
! replaced  aws:s3:Bucket                         backups  bucket
! replaced  aws:s3:BucketObjectLockConfiguration  lock     bucket
\`\`\`${END}`);
});

test("a release on a server that does not answer: what is not known is said", () => {
  expect(shown("release")).toBe(`<!-- recoloca: preview of staging -->

### Preview of staging: a release rolls, 3 created

\`\`\`
release    2026.11.24-b81d03e
backend    sha256:cccc…  rolls
frontend   sha256:cccc…  rolls
worker     sha256:cccc…  rolls
postgres, redis  untouched
migration  alembic upgrade head  after a backup
\`\`\`

\`\`\`diff
+ created   command:remote:Command  host-bootstrap
+ created   command:remote:Command  host-program
+ created   command:remote:Command  registry
\`\`\`

\`\`\`
the server does not say what is live (connect ECONNREFUSED 127.0.0.1:1); comparing with what was deployed last
\`\`\`${END}`);
});

test("an environment from nothing is folded", () => {
  const text = shown("from-nothing")!;
  expect(text.split("\n").slice(0, 6)).toEqual([
    markOf("staging"),
    "",
    "### Preview of staging: 59 created",
    "",
    "<details><summary>59 changes of infrastructure</summary>",
    "",
  ]);
  expect(text.split("\n").filter((line) => line.startsWith("+ created "))).toHaveLength(59);
});

test("nothing changes: nothing is said", () => {
  expect(shown("nothing")).toBeUndefined();
});

test("a preview that failed shows why, and the commands that mend it", () => {
  expect(shown("refused")).toBe(`<!-- recoloca: preview of staging -->

### Preview of staging: failed, and so would the update

\`\`\`
stack staging has 2 problems in its configuration; nothing was changed

  recoloca:ec2.zone         got "recoloca.ai", which does not hold else.example.org
                            pulumi config set --path 'recoloca:ec2.zone' example.org
  recoloca:ec2.sshFrom      is missing: nobody could reach the server, the deploy neither
                            pulumi config set --path 'recoloca:ec2.sshFrom[0]' 203.0.113.0/24
\`\`\`${END}`);
});

const empty: Preview = { changes: [], stay: 9, release: [], warnings: [], errors: [] };

test("a release alone: the deployment's own lines, and its migration with the doors closed", () => {
  const compose = "services: { backend: {}, postgres: { volumes: ['data:/data'] }, redis: { command: two } }\nvolumes: { data: {} }\n";
  const image = (digit: string) => `r/app@sha256:${digit.repeat(64)}`;
  const plan = {
    release: "2026.11.24-b81d03e",
    recreate: [],
    definitions: definitionsOf(compose, {}),
    images: { backend: image("c") },
    backup: { before: "deploy" },
    migration: { service: "backend", command: ["alembic", "upgrade", "head"], timeout: 1, breaking: true },
  } as unknown as Plan;
  const live = {
    ...{ number: 1, release: "2026.11.23-4f2a9c1", identity: "x", attempt: "1", images: { backend: image("9") }, provenance: {}, since: "" },
    definitions: definitionsOf(compose.replace("two", "one"), {}),
  };
  const lines = previewLines(live, plan, { keepsData: (service) => keepsData(compose, service) });
  const urn = "urn:pulumi:staging::recoloca::recoloca:index:ComposeDeployment::recoloca";
  const json = JSON.stringify({
    steps: [{ op: "update", urn: urn.replace("::recoloca:index:ComposeDeployment::", "::recoloca:index:ComposeDeployment$command:remote:Command::") }],
    // As the component says it: indented, between empty lines.
    diagnostics: [{ urn, severity: "info", message: `\n${lines.map((line) => `    ${line}`).join("\n")}\n\n` }],
    changeSummary: { same: 20, update: 1 },
  });
  expect(block(readPreview(json), where)).toBe(`<!-- recoloca: preview of staging -->

### Preview of staging: a release rolls, no infrastructure changes, 20 stay

:warning: **downtime**

\`\`\`
downtime     redis: is recreated
downtime     migration: visitors get the maintenance page
\`\`\`

\`\`\`
release    2026.11.23-4f2a9c1  →  2026.11.24-b81d03e
backend    sha256:9999…  →  sha256:cccc…  rolls
redis      recreated (definition changed): it stops for a moment
postgres   untouched
migration  alembic upgrade head  after a backup, with the maintenance page up
\`\`\`${END}`);
});

test("a release that is older than what is live is one of the risks", () => {
  expect(risksOf({ changes: [], release: ["release    14  →  2", "goes back  2 was live before 14. Where nobody means to go back: …"] })).toEqual([
    { mark: "data", says: "2: is older than what is live" },
  ]);
});

test("values are never shown, and nothing of a pull request ends the fence that it is in", () => {
  const urn = "urn:pulumi:staging::recoloca::recoloca:index:Host$command:remote:Command::```@everyone";
  const state = { inputs: { stdin: "MARKER-value" } };
  const steps = [{ op: "update", urn, oldState: state, newState: state, detailedDiff: { "stdin[0]": { kind: "update" }, "environment.A": { kind: "add" } } }];
  const text = block(readPreview(JSON.stringify({ config: { key: "MARKER-config" }, steps, changeSummary: { same: 1 } })), where)!;
  expect(text).not.toContain("MARKER");
  expect(text).toContain("````diff\n~ updated   command:remote:Command  ```@everyone  environment, stdin\n````");
});

test("more than GitHub takes is cut, and said", () => {
  const changes = Array.from({ length: 400 }, (_, index) => ({
    ...{ does: "deleted" as const, type: "aws:s3/bucket:Bucket", component: "", properties: [] },
    name: `bucket-${index}-${"x".repeat(300)}`,
  }));
  const text = block({ ...empty, changes }, where)!;
  expect(text).toContain("… and 200 more, which the run has");
  expect(Buffer.byteLength(text)).toBeLessThan(65_536);
});

test("what belongs to a component is told by its parts, and outputs that happen to be empty are no warning", () => {
  const step = (type: string) => ({ op: "create", urn: `urn:pulumi:staging::recoloca::${type}::one` });
  const json = {
    steps: ["pulumi:pulumi:Stack", "recoloca:index:Host", "recoloca:index:Host$pulumi:providers:command"].map(step),
    diagnostics: [
      { severity: "warning", message: "warning: Undefined value (digest) will not show as a stack output.\n" },
      { severity: "warning", message: "\u001b[33mwarning: \u001b[0mrelease 3 is on hold\n" },
    ],
  };
  expect(readPreview(JSON.stringify(json))).toEqual({ ...empty, stay: 0, warnings: ["release 3 is on hold"] });
});

interface Comment {
  id: number;
  body: string;
  user: { login: string };
}

/** GitHub's list of comments, which is all that matters of it here. */
function pullRequest(...there: Comment[]) {
  let comments = there;
  const ask: Ask = async (method, path, body) => {
    const id = Number(/comments\/(\d+)/.exec(path)?.[1]);
    const page = Number(/&page=(\d+)/.exec(path)?.[1]);
    if (method === "GET") return comments.slice((page - 1) * 100, page * 100);
    if (method === "DELETE") comments = comments.filter((one) => one.id !== id);
    if (method === "PATCH") comments = comments.map((one) => (one.id === id ? { ...one, ...body } : one));
    if (method === "POST") comments = [...comments, { id: 999, user: { login: "github-actions[bot]" }, ...(body as { body: string }) }];
    return {};
  };
  return { ask, bodies: () => comments.map(({ body }) => body) };
}

test("one comment: written, changed in its place, as it was, removed; others' are left alone, with the mark in them too", async () => {
  const mark = markOf("staging");
  const person = { id: 1, body: `${mark}\nmine`, user: { login: "ana" } };
  const production = { id: 2, body: markOf("production"), user: { login: "github-actions[bot]" } };
  const many = Array.from({ length: 120 }, (_, index) => ({ id: 1000 + index, body: "a word", user: { login: "ana" } }));
  const { ask, bodies } = pullRequest(...many, person, production);
  const keep = (text: string | undefined) => keepComment(ask, { pullRequest: 5, mark }, text);
  const others = bodies();
  expect(await keep(undefined)).toBe("none");
  expect(await keep(`${mark}\none`)).toBe("written");
  expect(await keep(`${mark}\none`)).toBe("as it was");
  expect(await keep(`${mark}\ntwo`)).toBe("changed");
  expect(bodies()).toEqual([...others, `${mark}\ntwo`]);
  expect(await keep(undefined)).toBe("removed");
  expect(bodies()).toEqual(others);
});
