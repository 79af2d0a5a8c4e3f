/** What somebody sends who may not be trusted: no more than so much, and within so long. */
import type { Readable } from "node:stream";

export async function readAtMost(from: Readable, bytes: number, seconds: number): Promise<string | { readonly problem: string }> {
  const chunks: Buffer[] = [];
  let size = 0;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    from.destroy();
  }, seconds * 1000);
  try {
    for await (const chunk of from) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > bytes) return { problem: `what was sent has more than ${bytes} bytes` };
    }
  } catch (error) {
    if (!late) throw error;
  } finally {
    clearTimeout(timer);
    from.destroy();
  }
  return late ? { problem: `what was sent did not end within ${seconds}s` } : Buffer.concat(chunks).toString("utf8");
}
