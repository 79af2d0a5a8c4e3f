/** What Pulumi Cloud does with a stack by itself, on one screen: previews of pull requests, comparisons by the clock; or why it does nothing. */
import * as pulumi from "@pulumi/pulumi";
import { PreviewSettings } from "./components/preview-settings/index.ts";
import type { Settings } from "./settings/index.ts";

/** `role`: the read-only one at AWS, where the stack has an account. */
export function previewSide(previews: NonNullable<Settings["previews"]>, role: pulumi.Output<string> | undefined): void {
  if ("off" in previews) {
    void pulumi.log.warn(previews.off);
    return;
  }
  for (const note of previews.notes) void pulumi.log.info(note);
  new PreviewSettings("previews", { ...previews, ...(role && (previews.pullRequests || previews.drift !== undefined) && { role }) });
}
