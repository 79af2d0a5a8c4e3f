/** What comes when, and which release lives afterwards: the whole matrix, and a part of it in which everything comes once. */
import type { Doing } from "../../release/record.ts";
import type { Held } from "../held-release.ts";
import { FAULTS, type Fault } from "./faults.ts";

/** A state in which a deploy is held: what `doing` says there, and what keeps it there for some seconds. */
export interface Holding {
  readonly doing: Doing;
  readonly held: Held;
  /** Of the release before it, where that is what keeps it. */
  readonly old?: Held;
  /** Whether a visitor reads a stream of the old release. */
  readonly stream?: boolean;
  /** Whether the registry gives nothing until the fault has come. */
  readonly registry?: "silent";
  /** Whether the Docker engine answers nothing until then. */
  readonly engine?: "silent";
}

const SECONDS = 4;

export const STATES = {
  received: { doing: "received", held: {}, engine: "silent" },
  pulled: { doing: "pulled", held: { pull: true }, registry: "silent" },
  "backed up": { doing: "backed-up", held: { backup: SECONDS } },
  based: { doing: "based", held: { base: SECONDS } },
  "base recreated": { doing: "based", held: { base: 1 }, old: { baseStop: SECONDS } },
  migrated: { doing: "migrated", held: { migration: SECONDS } },
  started: { doing: "started", held: { task: SECONDS } },
  healthy: { doing: "healthy", held: { boot: SECONDS } },
  switched: { doing: "switched", held: { late: SECONDS } },
  verified: { doing: "verified", held: { verify: 3 } },
  "workers swapped": { doing: "workers", held: {}, old: { stop: SECONDS } },
  watched: { doing: "watched", held: { watch: SECONDS + 2 } },
  drained: { doing: "live", held: { drain: SECONDS }, stream: true },
  "taken back": { doing: "undoing", held: { refused: true, stop: SECONDS } },
} satisfies Record<string, Holding>;
export type StateName = keyof typeof STATES;
const EVERY = Object.keys(STATES) as StateName[];

/** After these nobody runs any more what was running; a migration is a container of its own, which only a restart ends. */
const STOPS: readonly Fault[] = ["its process is killed", "its journal is torn", "the server is restarted", "the power is cut"];
const STOPS_MIGRATION: readonly Fault[] = ["the server is restarted", "the power is cut"];

export interface Case {
  readonly state: StateName;
  readonly fault: Fault;
  readonly lives: "first" | "second";
}

function lives(state: StateName, fault: Fault): Case["lives"] {
  const back =
    state === "taken back" ||
    ["it is cancelled", "its container is killed", "its gate fails", "the disk is full"].includes(fault) ||
    (STOPS.includes(fault) && ["received", "pulled", "backed up", "based", "base recreated"].includes(state)) ||
    (STOPS_MIGRATION.includes(fault) && state === "migrated");
  return back ? "first" : "second";
}

/** Not everywhere is there something to be hurt, and what lives already is not cancelled. */
const ONLY: Partial<Record<Fault, readonly StateName[]>> = {
  "it is cancelled": EVERY.filter((state) => state !== "drained"),
  "its container is killed": ["healthy", "switched", "verified", "watched"],
  "its gate flaps": ["watched"],
  "its gate fails": ["watched"],
  "the disk is full": ["migrated", "healthy", "watched"],
};

export const everyCase = (): Case[] =>
  (Object.keys(FAULTS) as Fault[]).flatMap((fault) => (ONLY[fault] ?? EVERY).map((state) => ({ state, fault, lives: lives(state, fault) })));

/** Every fault comes in a state at least, and every state meets a fault at least. */
export function eachOnce(all: readonly Case[], random: () => number): Case[] {
  const chosen: Case[] = [];
  const none = (fits: (one: Case) => boolean) => !chosen.some(fits);
  const wants = (one: Case) => [none(({ fault }) => fault === one.fault), none(({ state }) => state === one.state)];
  const mixed = shuffled(all, random);
  // First those that both are wanted for: the fewest cases that way.
  for (const one of mixed) if (wants(one).every(Boolean)) chosen.push(one);
  for (const one of mixed) if (!chosen.includes(one) && wants(one).some(Boolean)) chosen.push(one);
  return chosen;
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
