/** A bucket for backups that somebody else made: the server's role may add to it, in the stack's own folder. Who else may, its owner says. */
import type { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import type { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { stackName } from "../../release/plan.ts";
import { explained } from "../aws-errors.ts";
import { awsPlace } from "../aws-place.ts";
import { givenWriterPolicy } from "./policies.ts";

export interface GivenBucketArgs {
  readonly provider: Provider;
  readonly application: string;
  readonly environment: string;
  readonly bucket: { readonly name: string; readonly region: string; readonly prefix: string; readonly pathStyle: boolean };
  readonly writer: Role;
}

export class GivenBucket extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  /** For whoever writes to it with that role. */
  readonly address: pulumi.Output<GivenBucketArgs["bucket"]>;

  constructor(name: string, args: GivenBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:GivenBucket", name, { application: args.application, environment: args.environment }, opts);
    const { bucket, writer } = args;
    const full = stackName(args);
    const own = { parent: this, provider: args.provider, hooks: explained() };
    const folder = [bucket.prefix, full, ""].filter((part, index) => part !== "" || index === 2).join("/");
    const grant = new RolePolicy(`${full}-backups`, { role: writer.id, policy: awsPlace(own).apply((place) => givenWriterPolicy(place, bucket, folder)) }, own);
    // Known once the role may write to it.
    this.address = grant.id.apply(() => bucket);
    this.bucket = this.address.apply((address) => address.name);
    this.registerOutputs({ bucket: this.bucket });
  }
}
