/** What `make test` leaves out of a run is there, and comes with one of the others. */
import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { givenTurn, leftOut, TURNS, turnOf } from "../turns.ts";

const all = TURNS.flat();

test("each file that comes in turns is one, and in one turn alone", () => {
  expect(all.filter((file) => !fs.existsSync(path.join(import.meta.dirname, "..", file)))).toEqual([]);
  expect(new Set(all).size).toBe(all.length);
});

test("as many commits in a row as there are turns leave nothing out", () => {
  for (const first of [0, 1, 7]) {
    const turns = TURNS.map((_, index) => turnOf(first + index));
    expect(all.filter((file) => turns.every((turn) => leftOut(turn).includes(file)))).toEqual([]);
  }
});

test("without a turn nothing is left out", () => {
  expect([givenTurn(""), givenTurn("2")]).toEqual([undefined, 2]);
  expect(leftOut(undefined)).toEqual([]);
  expect(leftOut(1)).toHaveLength(all.length - TURNS[0]!.length);
});
