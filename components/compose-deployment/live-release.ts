/**
 * What this stack wants live, beside what the host says is live. `remote.Command` alone cannot tell: after a cut or failed
 * update its state lies. When the two differ the attempt's number changes, and the deploy runs (design D14).
 */
import * as pulumi from "@pulumi/pulumi";
import type { Provenance } from "../../release/plan.ts";

/** Images, name and provenance: set together, kept together. */
export interface Wanted {
  readonly images: Record<string, string>;
  readonly release: string;
  readonly provenance: Provenance;
}

export interface LiveReleaseInputs {
  /** Identity of the wanted release, or empty when neither the configuration nor the host names one. */
  readonly desired: string;
  /** Identity of the live release, `none`, or `unreachable`. */
  readonly live: string;
  /** The wanted release, or null: what was wanted last stays. */
  readonly wanted: Wanted | null;
}

interface State extends LiveReleaseInputs {
  readonly attempt: number;
}

// Serialised into the state by the SDK: it may use nothing but its arguments.
const provider: pulumi.dynamic.ResourceProvider<LiveReleaseInputs, State> = {
  async create(inputs) {
    return { id: "live-release", outs: { ...inputs, attempt: 1 } };
  },
  async diff(_id, state, inputs) {
    const kept = inputs.wanted === null;
    const moved = !kept && inputs.desired !== state.desired;
    const drifted = !kept && inputs.live !== "unreachable" && inputs.live !== inputs.desired;
    return { changes: moved || drifted };
  },
  async update(_id, state, inputs) {
    return { outs: { ...inputs, wanted: inputs.wanted ?? state.wanted, attempt: state.attempt + 1 } };
  },
};

export class LiveRelease extends pulumi.dynamic.Resource {
  declare readonly attempt: pulumi.Output<number>;
  declare readonly wanted: pulumi.Output<Wanted>;

  constructor(
    name: string,
    inputs: pulumi.Inputs & { [Key in keyof LiveReleaseInputs]: pulumi.Input<LiveReleaseInputs[Key]> },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(provider, name, { ...inputs, attempt: undefined }, opts);
  }
}
