/** The configuration that the repository ships for a stack, with what only a person can set: who may come by SSH, who approves, the secrets. */
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { keyOf } from "../settings/schema.ts";
import type { Inputs } from "./mocked-clouds.ts";

export interface Configured {
  /** As Pulumi gives it to a program: full key to text. */
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

/** `change`: full keys to other values, undefined for those that are to be gone; `secrets`: more of `recoloca:secrets`. */
export function shippedConfiguration(stack: string, change: Inputs = {}, secrets: Record<string, string> = {}): Configured {
  const file = parse(fs.readFileSync(path.join(import.meta.dirname, "..", `Pulumi.${stack}.yaml`), "utf8")) as { config: Inputs };
  const ec2 = { ...(file.config["recoloca:ec2"] as object), sshFrom: ["203.0.113.0/24"] };
  const github = { ...(file.config["recoloca:github"] as object), reviewers: { teams: { platform: 42 } } };
  const password = "recoloca:registryUsername" in change && change["recoloca:registryUsername"] === undefined ? {} : { "recoloca:registryPassword": "TOKEN" };
  const given = { ...password, "recoloca:secrets": JSON.stringify({ POSTGRES_PASSWORD: "PASSWORD", ...secrets }) };
  const config = Object.fromEntries(
    Object.entries({ ...file.config, "recoloca:ec2": ec2, "recoloca:github": github, ...change }).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, typeof value === "string" ? value : JSON.stringify(value)]],
    ),
  );
  const secretKeys = [...Object.keys(given), ...Object.keys(change).filter((key) => keyOf(key.replace("recoloca:", ""))?.secret)];
  return { config: { ...config, ...given }, secretKeys };
}
