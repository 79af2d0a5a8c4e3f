/** What is refused while resources are being made. */
import * as pulumi from "@pulumi/pulumi";

/**
 * A `RunError` that is read as it was written: the SDK puts the name of each property before it that waited for the value which there is none of, dozens of
 * them, and a person would look for the reason at the end of a line that no terminal shows whole.
 */
export class Refusal extends pulumi.RunError {
  constructor(text: string) {
    super(text);
    Object.defineProperty(this, "message", { get: () => text, set: () => undefined });
    // A function of a provider that waited for it says where in this program it came from, too.
    this.stack = text;
  }
}
