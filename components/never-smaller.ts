/** A disk grows and never shrinks. AWS says so too, when half of an update is done; the preview knows it before. */
import * as pulumi from "@pulumi/pulumi";

type Inputs = Readonly<Record<string, unknown>>;

/** `key`: of the configuration, below `recoloca:`. `sizeIn`: GiB, in the inputs of the resource that the hook is for. */
export function neverSmaller(key: string, sizeIn: (inputs: Inputs) => unknown): pulumi.ResourceHookBinding {
  const hook = new pulumi.ResourceHook(
    `${key}-never-smaller`,
    ({ oldInputs, newInputs }) => {
      const [was, wanted] = [sizeIn((oldInputs ?? {}) as Inputs), sizeIn((newInputs ?? {}) as Inputs)];
      if (typeof was === "number" && typeof wanted === "number" && wanted < was)
        throw new Error(
          `recoloca:${key}  got ${wanted}, and the disk has ${was} GiB; a disk never shrinks\n      pulumi config set --path recoloca:${key} ${was}`,
        );
    },
    { onDryRun: true },
  );
  return { beforeUpdate: [hook] };
}
