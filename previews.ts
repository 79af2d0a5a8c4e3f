/** Pulumi Cloud on one screen: what it does with a stack by itself, previews of pull requests and comparisons by the clock, or why it does nothing; whom it lets at which stack. */
import * as pulumi from "@pulumi/pulumi";
import { PulumiAccess } from "./components/pulumi-access/index.ts";
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

/** Of the stack that owns the repository. */
export const accessSide = (access: NonNullable<NonNullable<NonNullable<Settings["github"]>["whole"]>["access"]>) => new PulumiAccess("pulumi-access", access);
