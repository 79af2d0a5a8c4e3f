/** One line of the table: a setting that changes on a stack with a server at AWS, and what `pulumi up` then does. */

/** A value that is encrypted in the stack's file. */
export class Hidden {
  private readonly of: () => string;
  private made: string | undefined;

  constructor(of: () => string) {
    this.of = of;
  }

  get text(): string {
    return (this.made ??= this.of());
  }
}
/** A function is asked when the value is wanted: one that takes a while to make. */
export const hidden = (text: string | (() => string)) => new Hidden(typeof text === "string" ? () => text : text);

/**
 * What changes, by its kind, after a sign: `~` in place, `+` made, `-` gone, `±` another one in its place. A kind is a resource's, `Volume`, or what is done on
 * the server by a command: `release`, `host-program`. `rolls` is a release that is not the one that is live.
 */
export type Effect = string;

export interface Row {
  /** In a person's words. */
  readonly change: string;
  /** Of the two stacks that this repository ships. @default staging */
  readonly of?: "staging" | "production";
  /** Path below `recoloca:` to another value: `ec2.rootDisk`, `gates[0].timeout`. Undefined: it is taken out. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Of these, what the row is not about: it goes along because nothing else would be well-formed. */
  readonly along?: readonly string[];
  /** Nothing else changes. Empty: nothing changes at all. */
  readonly does?: readonly Effect[];
  /** Nothing is done: what `pulumi preview` says instead. */
  readonly refused?: RegExp;
  /** What else a preview has to say. */
  readonly says?: RegExp;
  /** What visitors notice, where it is not what follows from `does`. */
  readonly visitors?: string;
  /** What else a person has to know. */
  readonly note?: string;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** For the command that starts it, on a server that is made anew or reached by another way. */
export const ALL_COMMANDS: readonly Effect[] = [
  "~ host-bootstrap", "~ host-bucket", "~ host-data-disk", "~ host-measurements", "~ host-program", "~ host-review", "~ host-traces", "~ observation",
  "~ registry", "~ review", "~ review-key",
]; // prettier-ignore
