/** GitHub's machines that jobs run on. */
import type { Runner } from "../model.ts";
import type { Platform } from "../options.ts";

export const RUNNER = "ubuntu-24.04";

/** For what is built for a platform, by itself. */
export const RUNNERS: Record<Platform, Runner> = { amd64: RUNNER, arm64: "ubuntu-24.04-arm" };
