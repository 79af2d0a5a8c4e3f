/**
 * Everything that the stacks of this repository register, their own programs and configurations with Pulumi's mocks for an engine.
 * There is no server: whoever asks one finds nothing live on it. And the mocks know no hooks, which explain GitHub's errors.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { vi } from "vitest";
import { parse } from "yaml";
import { keyOf } from "../settings/schema.ts";

export type Inputs = Record<string, unknown>;
export interface Made {
  readonly type: string;
  readonly name: string;
  readonly inputs: Inputs;
}

const ANSWERS: Record<string, Inputs> = {
  "aws:ec2/getInstanceType:getInstanceType": { supportedArchitectures: ["arm64"] },
  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": { locations: ["sa-east-1b", "sa-east-1a"] },
  "aws:ec2/getAmi:getAmi": { id: "ami-0123456789abcdef0" },
  "aws:index/getCallerIdentity:getCallerIdentity": { accountId: "123456789012" },
  "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": { arn: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" },
  "aws:index/getPartition:getPartition": { partition: "aws" },
  "aws:route53/getZone:getZone": { zoneId: "Z0123456789" },
};

export const PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----";
const KEYS = { privateKeyOpenssh: PRIVATE, publicKeyOpenssh: "ssh-ed25519 AAAAC3Nz\n" };

/** `change`: full keys of the configuration to other values; `secrets`: more of `recoloca:secrets`; `organization`: at Pulumi Cloud, where the state is there. What a person sets is set: who may come by SSH, who approves. */
export async function everythingOf(stack: string, change: Inputs = {}, secrets: Record<string, string> = {}, organization = "organization"): Promise<Made[]> {
  const file = parse(fs.readFileSync(path.join(import.meta.dirname, "..", `Pulumi.${stack}.yaml`), "utf8")) as { config: Inputs };
  const ec2 = { ...(file.config["recoloca:ec2"] as object), sshFrom: ["203.0.113.0/24"] };
  const github = { ...(file.config["recoloca:github"] as object), reviewers: { teams: { platform: 42 } } };
  const given = { "recoloca:registryPassword": "TOKEN", "recoloca:secrets": JSON.stringify({ POSTGRES_PASSWORD: "PASSWORD", ...secrets }) };
  const config = Object.fromEntries(
    Object.entries({ ...file.config, "recoloca:ec2": ec2, "recoloca:github": github, ...change }).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
  const hidden = [...Object.keys(given), ...Object.keys(change).filter((key) => keyOf(key.replace("recoloca:", ""))?.secret)];
  const made: Made[] = [];
  vi.resetModules();
  vi.doMock("../components/github-errors.ts", () => ({ explained: () => ({}) }));
  vi.doMock("../components/host/ssh-session.ts", async (original) => ({
    ...(await original<object>()),
    SshSession: class {
      open = async () => undefined;
      run = async () => ({ code: 0, output: "", stdout: '{"format":1,"live":null,"next":"1"}' });
    },
  }));
  vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", JSON.stringify(hidden));
  const sdk = await import("@pulumi/pulumi");
  await sdk.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        made.push({ type, name, inputs: inputs as Inputs });
        const outputs = type === "pulumi:index:Stash" ? { output: (inputs as Inputs)["input"] } : type.startsWith("tls:") ? KEYS : {};
        return { id: `${name}-id`, state: { ...(inputs as Inputs), arn: `arn:aws:x:::${name}`, publicIp: "198.51.100.7", ...outputs } };
      },
      call: ({ token }) => ANSWERS[token] ?? {},
    },
    "recoloca",
    stack,
    false,
    organization,
  );
  sdk.runtime.setAllConfig({ ...config, ...given }, hidden);
  const program = (await import("../index.ts")) as Record<string, unknown>;
  await new Promise((done) => sdk.all<unknown>(Object.values(program)).apply(done));
  await sdk.runtime.disconnect();
  return made;
}
