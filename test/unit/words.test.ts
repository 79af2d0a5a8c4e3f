import { expect, test } from "vitest";
import { definitionsOf, keepsData } from "../../release/definitions.ts";
import { howToDeploy, previewLines } from "../../release/preview.ts";
import { changedSomething, deployLine, reason } from "../../local/pulumi-output.ts";
import type { Plan } from "../../release/plan.ts";
import { masker } from "../../server/evidence.ts";
import { renderLine, sayBytes } from "../../server/render.ts";
import { parse, usage } from "../../server/command-line.ts";
import { COMMANDS } from "../../server/commands/list.ts";

const image = (digit: string) => `r/app@sha256:${digit.repeat(64)}`;
const compose = (command: string) => `services:
  backend: { environment: { A: "\${GREETING}", B: "\${PASSWORD:?}", C: "$$HOME" } }
  frontend: {}
  worker: {}
  postgres: { environment: { P: "\${PASSWORD}" }, volumes: ["data:/data"] }
  redis: { command: ${command} }
volumes: { data: {} }
`;
const plan = {
  release: "2",
  compose: compose("two"),
  recreate: ["postgres"],
  definitions: definitionsOf(compose("two"), { GREETING: "hello", PASSWORD: "new" }),
  images: { backend: image("c"), worker: image("c"), frontend: image("1") },
  migration: { service: "backend", command: ["alembic", "upgrade", "head"], timeout: 1 },
} as unknown as Plan;

const known = { keepsData: (service: string) => keepsData(plan.compose, service) };

const live = {
  number: 1,
  release: "1",
  identity: "x",
  attempt: "1",
  images: { backend: image("9"), worker: image("9"), frontend: image("1") },
  provenance: {},
  definitions: definitionsOf(compose("one"), { GREETING: "hello", PASSWORD: "old" }),
  since: "",
};

test("a preview says what rolls and why, what is recreated, what stays, and what migrates", () => {
  expect(previewLines(live, plan, known).join("\n")).toBe(`release    1  →  2
backend    sha256:9999…  →  sha256:cccc…  rolls (PASSWORD changed)
frontend   sha256:1111…  rolls, the same image
worker     sha256:9999…  →  sha256:cccc…  rolls
postgres   recreated (PASSWORD changed): it stops for a moment
redis      recreated (definition changed): it stops for a moment
migration  alembic upgrade head`);
  expect(previewLines({ ...live, definitions: plan.definitions }, plan, known)).toContain("postgres, redis  untouched");
});

test("a preview says beforehand that what keeps data is not recreated unless the stack wants it", () => {
  const refused = previewLines(live, { ...plan, recreate: [] }, known);
  expect(refused).toContain(
    "postgres   NOT recreated (PASSWORD changed), and so the release is refused: it keeps data. pulumi config set --path 'recoloca:recreate[0]' postgres",
  );
  expect(refused).toContain("redis      recreated (definition changed): it stops for a moment");
});

test("a preview says what becomes of the value before where a secret is renewed", () => {
  const since = "2026-11-26";
  const renewed: Plan = {
    ...plan,
    generations: {
      POSTGRES_PASSWORD: { generation: 3, since },
      SECRET_KEY: { generation: 2, since },
      STRIPE_SECRET_KEY: { generation: 2, since },
      GEMINI_API_KEY: { generation: 2, since },
    },
    logins: [{ kind: "postgres", service: "postgres", user: "U", password: "P", closes: ["other"], first: "POSTGRES_PASSWORD" }],
    variables: { SECRET_KEY: "new", SECRET_KEY_PREVIOUS: "old" },
  };
  const before = { ...live, generations: { POSTGRES_PASSWORD: { generation: 2, since }, STRIPE_SECRET_KEY: { generation: 2, since } } };
  expect(previewLines(before, renewed, known).filter((line) => line.includes("generation"))).toEqual([
    "GEMINI_API_KEY  generation 1  →  2; the release takes the new value alone",
    "POSTGRES_PASSWORD  generation 2  →  3; the login before is closed once the release is live",
    "SECRET_KEY  generation 1  →  2; the value before is accepted as well",
  ]);
});

test("a preview of a release that was live before what is says so, and how it stays", () => {
  const older = { ...live, release: "14", before: ["13", plan.release] };
  expect(previewLines(older, plan, known)[1]).toBe(
    `goes back  ${plan.release} was live before 14. Where nobody means to go back: pulumi config rm recoloca:images; pulumi config rm recoloca:release`,
  );
  expect(previewLines({ ...older, before: ["13"] }, plan, known).join()).not.toContain("goes back");
  // The same one, with another variable.
  expect(previewLines({ ...older, release: plan.release }, plan, known).join()).not.toContain("goes back");
});

test("a preview of a server that does not answer claims no more than is known", () => {
  expect(previewLines(null, plan, { ...known, remembered: true }).slice(0, 2)).toEqual(["release    2", "backend    sha256:cccc…  rolls"]);
});

test("definitions hold neither values nor what could be tried out", () => {
  const { backend } = definitionsOf(compose("one"), { GREETING: "hello", PASSWORD: "hidden" });
  expect(Object.keys(backend!.variables)).toEqual(["GREETING", "PASSWORD"]);
  expect(JSON.stringify(backend)).not.toContain("hidden");
  expect(backend!.variables["PASSWORD"]).toMatch(/^[0-9a-f]{8}$/);
});

test("a variable that a service gets as a file counts among its own", () => {
  const text = "services: { api: { secrets: [token] }, web: {} }\nsecrets: { token: { environment: TOKEN } }\n";
  expect(Object.keys(definitionsOf(text, { TOKEN: "x" })["api"]!.variables)).toEqual(["TOKEN"]);
  expect(Object.keys(definitionsOf(text, { TOKEN: "x" })["web"]!.variables)).toEqual([]);
});

test("a stack with nothing to deploy says how to", () => {
  expect(howToDeploy(["backend"])).toContain("pulumi config set --path 'recoloca:images.backend'");
});

test("Pulumi's lines give the deploy's own", () => {
  expect(deployLine(" +  command:remote:Command recoloca-release creating (1s)   0.1s  locked")).toBe("  0.1s  locked");
  expect(deployLine(" ~  command:remote:Command recoloca-release updating (0s) [diff: ~create];   0.0s  locked")).toBe("  0.0s  locked");
  expect(deployLine(" ~  command:remote:Command recoloca-release updating (0s) [diff: ~create]")).toBeUndefined();
  expect(deployLine("@ updating....")).toBeUndefined();
  expect(changedSomething("Resources:\n    + 8 created")).toBe(true);
  expect(changedSomething("Resources:\n    9 unchanged")).toBe(false);
  expect(reason("x\nDiagnostics:\n  pulumi:pulumi:Stack (a-b):\n    error: why it failed\n\nResources:\n 1")).toBe("error: why it failed");
});

test("values that nobody may read are masked, the longer one first", () => {
  expect(masker(["secret", "secret-long", "x"])("a secret-long and a secret, x")).toBe("a •••• and a ••••, x");
});

test("evidence stands under its line, and a line is never longer than a person reads", () => {
  const line = {
    format: 1 as const,
    at: "",
    after: 9.8,
    text: "NOT HEALTHY",
    more: [
      ["last answer", "500 x\ny"],
      ["log", "z".repeat(9999)],
    ] as [string, string][],
  };
  const rendered = renderLine(line).split("\n");
  expect(rendered.slice(0, 3)).toEqual(["  9.8s  NOT HEALTHY", "        last answer   500 x", "                      y"]);
  expect(rendered[3]!.length).toBe(400);
});

test("wrong words are one clear error, and help names every command for people", () => {
  const show = COMMANDS.find((command) => command.name === "show")!;
  expect(() => parse(show, [])).toThrow("show: wants NUMBER, got none");
  expect(() => parse(show, ["1", "--jsn"])).toThrow("show: Unknown option '--jsn'");
  for (const command of COMMANDS) expect(usage(COMMANDS).includes(`recoloca ${command.name}`)).toBe(!command.hidden);
});

test.each([
  [999, "999 bytes"],
  [1234, "1.23 kB"],
  [999_600, "1.00 MB"],
  [999_999_999, "1.00 GB"],
])("%i bytes are %s", (bytes, said) => expect(sayBytes(bytes)).toBe(said));
