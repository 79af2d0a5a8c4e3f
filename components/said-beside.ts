/** What a provider's refusal means here, said beside its own words. */
import * as pulumi from "@pulumi/pulumi";

/** A resource's last attempt, and how it failed. */
export interface Refused {
  /** `github:index/repositoryFile:RepositoryFile`. */
  readonly type: string;
  readonly urn: string;
  /** What the program asked for. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/**
 * The binding for resources whose refusals `explain` knows; undefined where the provider's own words are all that there is to say. Nothing is tried again: what
 * is worth it, the provider has tried. `name`: of the hook, one in a program.
 */
export function saidBeside(name: string, explain: (refused: Refused) => string | undefined): () => pulumi.ResourceHookBinding {
  let hook: pulumi.ErrorHook | undefined;
  return () => {
    hook ??= new pulumi.ErrorHook(name, async ({ urn, type, newInputs, oldInputs, errors }) => {
      // The last one is of this attempt.
      const said = explain({ type, urn, inputs: (newInputs ?? oldInputs ?? {}) as Record<string, unknown>, message: errors.at(-1) ?? "" });
      if (said !== undefined) await pulumi.log.error(said);
      return false;
    });
    return { onError: [hook] };
  };
}
