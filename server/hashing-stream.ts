/** Passes on what comes, and knows how much that was and its checksum. */
import { createHash } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";

export class HashingStream extends Transform {
  bytes = 0;
  private readonly hash = createHash("sha256");

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
    done(null, chunk);
  }

  sha256(): string {
    return this.hash.digest("hex");
  }
}
