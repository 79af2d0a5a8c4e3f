/** What the stack deployed last, by its own output `deployed`: a preview's only source when the server cannot be asked. */
import * as pulumi from "@pulumi/pulumi";
import type { Deployed } from "./index.ts";

export function lastDeployed(): pulumi.Output<Deployed | null> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const self = new pulumi.StackReference("deployed-last", { name });
  return pulumi.unsecret(self.getOutput("deployed")).apply((value: unknown) => (value as Deployed | undefined) ?? null);
}
