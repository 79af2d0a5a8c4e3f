/** What was decided once and stays, in the stack's state. */
import * as pulumi from "@pulumi/pulumi";

/** The value of the update that wrote it first; with `replacementTrigger` among the options, of the first one with that. */
export const remembered = (name: string, value: pulumi.Input<string>, opts?: pulumi.CustomResourceOptions): pulumi.Output<string> =>
  new pulumi.Stash(name, { input: value }, opts).output as pulumi.Output<string>;

/** The same under a component's own name: `once` makes it be decided anew where it is another number. */
export type Remember = (what: string, value: pulumi.Input<string>, once?: number) => pulumi.Output<string>;
