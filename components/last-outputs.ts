/** What the stack's last update exported: a preview's only source when the server cannot be asked. */
import * as pulumi from "@pulumi/pulumi";

let self: pulumi.StackReference | undefined;

/** The stack's own output of that name, or null where it never had one. */
export function lastOutput<T>(name: string): pulumi.Output<T | null> {
  self ??= new pulumi.StackReference("last-outputs", { name: `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}` });
  return pulumi.unsecret(self.getOutput(name)).apply((value: unknown) => (value as T | undefined) ?? null);
}
