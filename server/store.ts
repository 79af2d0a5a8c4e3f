/**
 * The release store: what the host knows of one stack, in files that are written aside, synced and renamed, so that a
 * reader never sees half of one. Layout, below `/var/lib/recoloca/<stack>/`:
 *
 *     state.json              which release is live, the stack's networks and addresses; only under the lock
 *     maintenance.json        where it is closed to visitors; a person may close it beside a deploy
 *     edge.json               routes and addresses that the edge serves
 *     releases/<n>/plan.json  0600: holds the environment's values
 *     releases/<n>/journal.jsonl, record.json
 *     releases/<n>/cancel.json  who cancelled it, and when; accept.json, who ended its window
 *     compose-read.json       what Compose made of the file the last time, with the environment's values: 0600
 *     owner.json              who holds the lock, and since when; the lock itself is flock's
 *     releases/<n>/*.compose.json, .env
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { RECORD_FORMAT, type Doing, type JournalLine, type ReleaseRecord } from "../release/record.ts";
import type { Plan } from "../release/plan.ts";

export const ROOT = process.env["RECOLOCA_ROOT"] ?? "/var/lib/recoloca";

export type Slot = "blue" | "green";
export const other = (slot: Slot): Slot => (slot === "blue" ? "green" : "blue");

export interface LiveRelease {
  number: number;
  slot: Slot;
  /** What its backends had answered when it got the traffic: counted from there, its own share of 5xx is known. */
  answers?: { all: number; failed: number } | undefined;
}

/** What a person has decided of a release that runs. */
export interface Word {
  readonly by: string;
  readonly at: string;
}

export interface StackState {
  live: LiveRelease | null;
  /** Third octets of the two slot networks. */
  networks: Record<Slot, string> | null;
  /** Service to last octet, given once and never given to another service. */
  addresses: Record<string, number>;
  /** Base service to the hash of the definition it runs with. */
  base: Record<string, string>;
  hold?: Hold | null;
}

/** Closed to visitors: since when, by whom, the word that passes all the same, and the release that closed it, where one did. */
export interface Maintenance {
  readonly word: string;
  readonly by: string;
  readonly at: string;
  readonly release?: number;
}

/** A release that somebody left by his own decision: it does not come back until a deploy names it. */
export interface Hold {
  readonly number: number;
  readonly release: string;
  readonly identity: string;
  readonly images: Record<string, string>;
  readonly by: string;
  readonly at: string;
  /** What he did: a rollback, or a cancel. */
  readonly how: "rollback" | "cancel";
  /** In his own words, where he said it. */
  readonly why?: string | undefined;
}

const EMPTY: StackState = { live: null, networks: null, addresses: {}, base: {} };

export function writeWhole(file: string, text: string, mode = 0o600): void {
  const aside = `${file}.new`;
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const handle = fs.openSync(aside, "w", mode);
  try {
    // All of it: one write may take less, on a disk that fills.
    fs.writeFileSync(handle, text);
    fs.fsyncSync(handle);
  } catch (error) {
    // On a disk that is full, half of it would stay in the way.
    fs.rmSync(aside, { force: true });
    throw error;
  } finally {
    fs.closeSync(handle);
  }
  fs.renameSync(aside, file);
  // The rename is the folder's: without this a power cut may take it back.
  const folder = fs.openSync(path.dirname(file), "r");
  try {
    fs.fsyncSync(folder);
  } finally {
    fs.closeSync(folder);
  }
}

/** A file that is there and is none of ours any more: they are written whole, so a hand or the disk was at it. */
export class Damaged extends Error {
  static readonly FIX = "dmesg, for what the disk says; the file from a copy of it, what it holds is in docs/journal.md. What serves goes on meanwhile";
}

export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Damaged(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Where a file that is damaged must keep nobody from working: `instead` is told why, and since when it may be so, ISO 8601. */
export function readJsonOr<T>(file: string, instead: (why: string, at: string) => T | undefined): T | undefined {
  try {
    return readJson<T>(file);
  } catch (error) {
    return instead((error as Error).message, fs.statSync(file).mtime.toISOString());
  }
}

/** A torn line in the middle is what a power cut left: the lines around it are whole. */
function readLine(line: string): JournalLine | undefined {
  try {
    return JSON.parse(line) as JournalLine;
  } catch {
    return undefined;
  }
}

export class Store {
  readonly folder: string;
  readonly stack: string;

  constructor(stack: string) {
    this.stack = stack;
    this.folder = path.join(ROOT, stack);
  }

  static stacks(): string[] {
    return fs.existsSync(ROOT)
      ? fs
          .readdirSync(ROOT)
          .filter((name) => fs.existsSync(path.join(ROOT, name, "releases")))
          .sort()
      : [];
  }

  get lockFile(): string {
    return path.join(this.folder, "lock");
  }

  get keptReading(): string {
    return path.join(this.folder, "compose-read.json");
  }

  state(): StackState {
    return { ...EMPTY, ...readJson<StackState>(path.join(this.folder, "state.json")) };
  }

  setState(change: Partial<StackState>): void {
    writeWhole(path.join(this.folder, "state.json"), JSON.stringify({ ...this.state(), ...change }, null, 2));
  }

  maintenance(): Maintenance | undefined {
    return readJson<Maintenance>(this.maintenanceFile);
  }

  setMaintenance(maintenance: Maintenance | undefined): void {
    if (maintenance) writeWhole(this.maintenanceFile, JSON.stringify(maintenance, null, 2));
    else fs.rmSync(this.maintenanceFile, { force: true });
  }

  private get maintenanceFile(): string {
    return path.join(this.folder, "maintenance.json");
  }

  file(number: number, name: string): string {
    return path.join(this.folder, "releases", String(number), name);
  }

  /** Releases that were received whole; one without a plan was cut off while it came. */
  numbers(): number[] {
    const folder = path.join(this.folder, "releases");
    if (!fs.existsSync(folder)) return [];
    return fs
      .readdirSync(folder)
      .map(Number)
      .filter((number) => Number.isInteger(number) && fs.existsSync(this.file(number, "plan.json")))
      .sort((a, b) => a - b);
  }

  /** Takes the next release number: the folder's creation is what makes it ours, also beside another receiver. */
  create(plan: Plan): number {
    fs.mkdirSync(path.join(this.folder, "releases"), { recursive: true, mode: 0o700 });
    for (let number = (this.numbers().at(-1) ?? 0) + 1; ; number++) {
      try {
        fs.mkdirSync(path.join(this.folder, "releases", String(number)), { mode: 0o700 });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
        throw error;
      }
      this.setPlan(number, plan);
      return number;
    }
  }

  setPlan(number: number, plan: Plan): void {
    writeWhole(this.file(number, "plan.json"), JSON.stringify(plan));
  }

  plan(number: number): Plan {
    const plan = readJson<Plan>(this.file(number, "plan.json"));
    if (!plan) throw new Error(`release ${number} of ${this.stack} has no plan in the store`);
    return plan;
  }

  record(number: number): ReleaseRecord | undefined {
    const record = readJson<ReleaseRecord>(this.file(number, "record.json"));
    if (record && record.format > RECORD_FORMAT)
      throw new Error(
        `release ${number} of ${this.stack} was written by a newer program (format ${String(record.format)}, this one knows ${RECORD_FORMAT}): pulumi up with the newer program brings it along`,
      );
    return record && { ...record, journal: this.journal(number) };
  }

  /** Of each release, oldest first. A record that is damaged keeps nobody from the others: `recoloca doctor` has it. */
  readings(): { readonly number: number; readonly record?: ReleaseRecord | undefined; readonly damage?: string }[] {
    return this.numbers().map((number) => {
      try {
        return { number, record: this.record(number) };
      } catch (error) {
        if (!(error instanceof Damaged)) throw error;
        return { number, damage: error.message };
      }
    });
  }

  records = (): ReleaseRecord[] => this.readings().flatMap(({ record }) => record ?? []);

  /** The newest release where it has begun and not ended, whether or not somebody is at it. */
  unfinished(): number | undefined {
    const newest = this.numbers().at(-1);
    return newest !== undefined && this.record(newest)?.outcome === undefined ? newest : undefined;
  }

  /** Who wants it ended, or undefined. */
  cancelled(number: number): Word | undefined {
    return readJson<Word>(this.file(number, "cancel.json"));
  }

  cancel(number: number, who: Word): void {
    writeWhole(this.file(number, "cancel.json"), JSON.stringify(who));
  }

  /** Who has seen enough of it, or undefined: its window ends. */
  accepted(number: number): Word | undefined {
    return readJson<Word>(this.file(number, "accept.json"));
  }

  accept(number: number, who: Word): void {
    writeWhole(this.file(number, "accept.json"), JSON.stringify(who));
  }

  setRecord(record: ReleaseRecord): void {
    writeWhole(this.file(record.number, "record.json"), JSON.stringify({ ...record, journal: [] }, null, 2));
  }

  /** The journal's whole lines; a torn last line is not one. */
  journal(number: number): JournalLine[] {
    const file = this.file(number, "journal.jsonl");
    if (!fs.existsSync(file)) return [];
    const text = fs.readFileSync(file, "utf8");
    return text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .filter((line) => line !== "")
      .flatMap((line) => readLine(line) ?? []);
  }

  /** What a release is, or was last, in the middle of. */
  doing(number: number): Doing | undefined {
    return this.journal(number).findLast((line) => line.doing)?.doing;
  }

  appendJournal(number: number, line: JournalLine): void {
    const file = this.file(number, "journal.jsonl");
    const handle = fs.openSync(file, "a+", 0o600);
    try {
      // What a power cut left of a line must not swallow the next one, which is written whole or not at all: on a disk that fills, one call may write a part.
      const { size } = fs.fstatSync(handle);
      const last = Buffer.alloc(1);
      const torn = size > 0 && fs.readSync(handle, last, 0, 1, size - 1) === 1 && last.toString() !== "\n";
      fs.writeFileSync(handle, `${torn ? "\n" : ""}${JSON.stringify(line)}\n`);
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
  }
}
