/** What the host program and the bucket's program say to each other. */
import type { Bucket } from "../../release/backup.ts";

/** One line of JSON on file descriptor 3, which no other process sees, unlike arguments and environments. */
export type Order = { readonly bucket: Bucket } & (
  | { readonly does: "check"; readonly folder: string }
  | { readonly does: "guards" }
  | { readonly does: "prove"; readonly folder: string; readonly key: string }
  | { readonly does: "list"; readonly folder: string }
  | { readonly does: "read"; readonly key: string }
  | { readonly does: "get"; readonly key: string }
  | Put
);

export interface Put {
  readonly does: "put";
  /** Where unfinished uploads of earlier tries are looked for. */
  readonly folder: string;
  readonly key: string;
  /** About how large it will be, in bytes: the parts' size follows from it. */
  readonly bytes: number;
  /** What is known of the backup; written to `noteKey` once the rest is there. */
  readonly note: object;
  readonly noteKey: string;
}

/** Said after the last byte of a `put`, on the same descriptor: without it, whoever sent has died, and what came is a part. */
export const COMPLETE = "complete";

/** What a `put` left in the bucket. */
export interface InBucket {
  readonly key: string;
  /** As they are there, encrypted where a recipient is set. */
  readonly bytes: number;
  readonly sha256: string;
  /** Where the bucket keeps versions. */
  readonly version?: string | undefined;
  /** `GOVERNANCE`, `COMPLIANCE`: where the bucket locks whatever comes in, and this identity may see that. */
  readonly lock?: string | undefined;
}

/** What keeps whoever has this server's keys from removing what is there, or writing over it. Undefined: this identity may not see it. */
export interface Guards {
  readonly versions?: boolean | undefined;
  readonly locks?: boolean | undefined;
}

/** One object of a `list`. */
export interface Listed {
  readonly key: string;
  readonly bytes: number;
  readonly at: string;
}
