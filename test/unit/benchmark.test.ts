/** Which rows of the benchmark's table say that a measure is reached. */
import { expect, test } from "vitest";
import type { BackupRound, OwnRound } from "../../benchmark/backups.ts";
import { loadProgram } from "../../benchmark/programs.ts";
import { backupRows, environmentRows, renewalRow, tlsRows } from "../../benchmark/rows.ts";
import { measureStagingGraph } from "../../benchmark/staging-graph.ts";

const round = (seconds: number): BackupRound => ({ bytes: 4e8, written: seconds, checked: seconds, sent: seconds, restored: seconds, fetched: seconds });
const own = (seconds: number, kib = 100_000): OwnRound => ({ ...round(seconds), kib, kibOfAll: kib + 30_000 });
const backups = (ours: readonly OwnRound[]) => backupRows({ bytes: 1.2e9, ours, byHand: [10, 10, 10].map(round) });

test("a backup is fast enough at eight tenths of what is done by hand, and not below", () => {
  expect(backups([12.4, 12.5, 90].map((seconds) => own(seconds))).map(({ reached }) => reached)).toEqual([true, true, true, true, true, true]);
  const slow = backups([12.6, 12.6, 1].map((seconds) => own(seconds)));
  expect(slow.map(({ reached }) => reached)).toEqual([false, false, false, false, false, true]);
  expect(slow[0]).toMatchObject({ want: "≥ 0.8 × `pg_dump \\| zstd` to a file (120 MB/s)", got: "95 MB/s (0.79 ×)" });
});

test("the worst round's memory counts", () => {
  const rows = backups([own(10), own(10, 146_485), own(10)]);
  expect(rows.at(-1)).toMatchObject({ got: "150 MB (181 MB with Docker's client)", reached: false });
});

test("the environment is judged by medians, its load beside its SDKs and its update beside an empty one", () => {
  const rows = environmentRows(
    [100, 130, 900].map((graph) => ({ graph, registered: 200, sdks: 100 })),
    [1, 1.51, 9].map((noop) => ({ noop, empty: 1 })),
  );
  expect(rows.map(({ reached }) => reached)).toEqual([true, false]);
});

test.each([
  ["as the default", {}, true],
  ["one failed", { failed: 1 }, false],
  ["too slow", { median: 1.6 }, false],
  ["too busy", { processor: 160 }, false],
])("the edge: %s", (_, change, reached) => {
  const byDefault = { answered: 30_000, failed: 0, median: 1, p99: 2, processor: 100 };
  const beside = { edge: { ...byDefault, ...change }, byDefault };
  expect(tlsRows({ handshakes: beside, kept: beside }).map((row) => row.reached)).toEqual([reached, reached]);
});

test.each([
  ["as long as a release and ten seconds", 29.9, 0, true],
  ["longer", 30.1, 0, false],
  ["with one request that failed", 21, 1, false],
])("renewing what the stack generates, %s", (_, rotation, lost, reached) => {
  expect(renewalRow([{ release: 20, rotation, requests: 4000, failed: lost }]).reached).toBe(reached);
});

test("the program of one server is loaded until it has made something", () => {
  const config = {
    hostAddress: "192.0.2.7",
    hostKey: "ssh-ed25519 AAAA",
    sshPrivateKey: "a key",
    routes: '[{"path":"/","service":"frontend","port":3000}]',
    secrets: '{"POSTGRES_PASSWORD":"password"}',
  };
  const given = Object.entries(config).map(([key, value]) => [`recoloca:${key}`, { value, secret: ["sshPrivateKey", "secrets"].includes(key) }]);
  expect(loadProgram(process.env, Object.fromEntries(given) as Parameters<typeof loadProgram>[1])).toBeGreaterThan(0);
});

// It has an engine that the SDK's own mocks are not quite: what the components want of one more has to be there as well.
test("the whole graph is what is loaded", async () => {
  const { graphs } = await measureStagingGraph({ env: process.env }, 1);
  expect(graphs).toHaveLength(1);
  expect(graphs[0]!.registered).toBeGreaterThan(graphs[0]!.graph);
});
