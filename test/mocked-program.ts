/**
 * Everything that the stacks of this repository register, their own programs and configurations with Pulumi's mocks for an engine.
 * There is no server: whoever asks one finds nothing live on it. And the mocks know no hooks, which explain errors of GitHub and AWS.
 */
import { vi } from "vitest";
import { type Inputs, mockedClouds, NOTHING_LIVE } from "./mocked-clouds.ts";
import { shippedConfiguration } from "./shipped-configuration.ts";

export { type Inputs, PRIVATE } from "./mocked-clouds.ts";
export interface Made {
  readonly type: string;
  readonly name: string;
  readonly inputs: Inputs;
  /** By whom; empty for what nothing configures. */
  readonly provider?: string;
}

/** `change`: full keys of the configuration to other values; `secrets`: more of `recoloca:secrets`; `organization`: at Pulumi Cloud, where the state is there. What a person sets is set: who may come by SSH, who approves. */
export async function everythingOf(stack: string, change: Inputs = {}, secrets: Record<string, string> = {}, organization = "organization"): Promise<Made[]> {
  const { config, secretKeys } = shippedConfiguration(stack, change, secrets);
  const made: Made[] = [];
  vi.resetModules();
  vi.doMock("../components/github-errors.ts", () => ({ explained: () => ({}) }));
  vi.doMock("../components/aws-errors.ts", async (original) => ({ ...(await original<object>()), explained: () => ({}) }));
  vi.doMock("../components/never-smaller.ts", () => ({ neverSmaller: () => ({ beforeUpdate: [] }) }));
  vi.doMock("../components/ec2-machine/offered-there.ts", () => ({ offeredThere: () => ({ beforeCreate: [], beforeUpdate: [] }) }));
  vi.doMock("../components/host/ssh-session.ts", async (original) => ({
    ...(await original<object>()),
    SshSession: class {
      open = async () => undefined;
      run = async () => ({ code: 0, output: "", stdout: NOTHING_LIVE });
    },
  }));
  vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", JSON.stringify(secretKeys));
  const sdk = await import("@pulumi/pulumi");
  await sdk.runtime.setMocks(
    mockedClouds((one) => made.push(one)),
    "recoloca",
    stack,
    false,
    organization,
  );
  sdk.runtime.setAllConfig({ ...config }, [...secretKeys]);
  const { default: outputs } = await import("../index.ts");
  const names = Object.keys(outputs);
  const values = await new Promise<unknown[]>((done) => sdk.all<unknown>(Object.values(outputs)).apply(done));
  made.push({ type: "pulumi:pulumi:StackOutputs", name: stack, inputs: Object.fromEntries(names.map((one, index) => [one, values[index]])) });
  await sdk.runtime.disconnect();
  return made;
}
