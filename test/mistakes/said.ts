/** What the program itself says of a configuration: through the function that it calls, read as a person would. */
import * as pulumi from "@pulumi/pulumi";
import { vi } from "vitest";
import { keyOf } from "../../settings/schema.ts";
import { loadSettings } from "../../settings/index.ts";
import type { Stack } from "./configurations.ts";

export interface Complaint {
  readonly key: string;
  /** With what mends it: every line. */
  readonly text: string;
}

export interface Said {
  /** Empty where nothing is wrong. */
  readonly whole: string;
  readonly complaints: readonly Complaint[];
}

const NAMED = /^ {2}recoloca:(.+?) {2,}(.*)$/;

/** `plain`: keys that somebody forgot to encrypt. */
export async function saidOf({ name, config }: Stack, plain: ReadonlySet<string> = new Set()): Promise<Said> {
  await pulumi.runtime.setMocks({ newResource: ({ inputs }) => ({ id: "id", state: inputs as object }), call: () => ({}) }, "recoloca", name, false, "acme");
  const text = Object.entries(config).map(([key, value]) => [`recoloca:${key}`, typeof value === "string" ? value : JSON.stringify(value)]);
  const secret = Object.keys(config).flatMap((key) => (keyOf(key)?.secret && !plain.has(key) ? [`recoloca:${key}`] : []));
  pulumi.runtime.setAllConfig(Object.fromEntries(text) as Record<string, string>, secret);
  vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", JSON.stringify(secret));
  try {
    loadSettings();
    return { whole: "", complaints: [] };
  } catch (error) {
    // Anything else is shown with a stack trace.
    if (!pulumi.RunError.isInstance(error)) throw error;
    return { whole: error.message, complaints: complaintsIn(error.message) };
  }
}

function complaintsIn(whole: string): Complaint[] {
  const found: { key: string; text: string }[] = [];
  for (const line of whole.split("\n").slice(2)) {
    const [, key, says] = NAMED.exec(line) ?? [];
    if (key !== undefined) found.push({ key, text: says! });
    else if (line !== "") found.at(-1)!.text += `\n${line.trim()}`;
  }
  return found;
}
