/** What a test does to a vendor: has it fail, or be slow. And what it was asked. */
import type { Values } from "./values.ts";

export type Operation = "check" | "diff" | "create" | "read" | "update" | "delete" | "invoke";

export interface Request {
  readonly operation: Operation;
  /** `aws:ec2/instance:Instance`; of an invoke the function's token. */
  readonly type: string;
  /** The resource's name in the program; empty for an invoke. */
  readonly name: string;
  readonly id: string;
  readonly inputs: Values;
  /** Where in the inputs the engine sent a secret as a secret: `value`, `connection.privateKey`. Whatever is not here came in the open. */
  readonly secrets: readonly string[];
  /** Nothing is made. */
  readonly preview: boolean;
}

export interface Failing {
  readonly type: string;
  readonly operation: Operation;
  readonly message: string;
  /** How often. Default: 1. */
  readonly times?: number;
}

export interface Slow {
  readonly type: string;
  readonly operation: Operation;
  readonly milliseconds: number;
}

export class Interference {
  readonly requests: Request[] = [];
  private failing: { readonly what: Failing; left: number }[] = [];
  private slowed: Slow[] = [];

  fail(what: Failing): void {
    this.failing.push({ what, left: what.times ?? 1 });
  }

  slow(what: Slow): void {
    this.slowed.push(what);
  }

  /** Everything works again, and nothing was asked yet. */
  clear(): void {
    this.requests.length = 0;
    this.failing = [];
    this.slowed = [];
  }

  /** Before a request is answered. A preview neither fails nor waits: the vendor is not asked. */
  async meet(request: Request): Promise<void> {
    this.requests.push(request);
    if (request.preview) return;
    const meant = (one: { type: string; operation: Operation }) => one.type === request.type && one.operation === request.operation;
    for (const { milliseconds } of this.slowed.filter(meant)) await new Promise((done) => setTimeout(done, milliseconds));
    const failing = this.failing.find(({ what, left }) => left > 0 && meant(what));
    if (!failing) return;
    failing.left -= 1;
    throw new Error(failing.what.message);
  }
}
