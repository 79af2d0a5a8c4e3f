/** What AWS's SDK or the network says, in a person's words, with what mends it. */
import type { CloudWatch } from "../../release/observation.ts";

interface Raised extends Error {
  readonly code?: string;
}

export function explain(error: Raised, { region, group }: CloudWatch): string {
  const known: Record<string, string> = {
    ResourceNotFoundException: `there is no log group ${group} in ${region}: pulumi up makes it`,
    AccessDeniedException: `this server's role may not write to ${group}: pulumi up gives it the right`,
    CredentialsProviderError: "this server has no role of AWS: recoloca:observability wants a server that the stack makes",
    ENOTFOUND: `there is no CloudWatch in ${region}`,
    TimeoutError: "CloudWatch gives no answer",
  };
  return known[error.name] ?? known[error.code ?? ""] ?? `CloudWatch: ${error.message || error.name}`;
}
