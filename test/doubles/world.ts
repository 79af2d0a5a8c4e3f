/**
 * The vendors' side: what there is, whoever made it. Kept in a file beside the stack's state, so that the next run finds it; a
 * test may change it behind Pulumi's back. It holds what a vendor holds, secrets too: its mode is 0600.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { given, type Values } from "./values.ts";

/** An object, or one version of it, in a bucket. */
export interface StoredObject {
  readonly key: string;
  /** Until when it may not be deleted, whoever asks with whatever right: object lock in mode COMPLIANCE. RFC 3339. */
  readonly lockedUntil?: string;
}

interface Kept {
  /** By type, then by id. */
  readonly resources: Record<string, Record<string, Values>>;
  readonly objects: Record<string, StoredObject[]>;
}

export class World {
  private readonly file: string;
  private readonly kept: Kept;

  constructor(file: string) {
    this.file = file;
    this.kept = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as Kept) : { resources: {}, objects: {} };
  }

  get(type: string, id: unknown): Values | undefined {
    return typeof id === "string" ? this.kept.resources[type]?.[id] : undefined;
  }

  /** All of a type, each with its id as `id`. */
  all(type: string): readonly Values[] {
    return Object.entries(this.kept.resources[type] ?? {}).map(([id, values]) => ({ ...values, id }));
  }

  put(type: string, id: string, values: Values): void {
    (this.kept.resources[type] ??= {})[id] = given(values);
    this.save();
  }

  /** Drift: changes some of what is there. */
  change(type: string, id: string, values: Values): void {
    const held = this.get(type, id);
    if (!held) throw new Error(`there is no ${type} ${id} in this world; there are: ${this.all(type).map((one) => one["id"]).join(", ") || "none"}`); // prettier-ignore
    this.put(type, id, { ...held, ...values });
  }

  remove(type: string, id: string): void {
    delete this.kept.resources[type]?.[id];
    this.save();
  }

  objects(bucket: string): readonly StoredObject[] {
    return this.kept.objects[bucket] ?? [];
  }

  store(bucket: string, objects: readonly StoredObject[]): void {
    this.kept.objects[bucket] = [...objects];
    this.save();
  }

  private save(): void {
    fs.mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(`${this.file}.new`, JSON.stringify(this.kept, undefined, 1), { mode: 0o600 });
    fs.renameSync(`${this.file}.new`, this.file);
  }
}
