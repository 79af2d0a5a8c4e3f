/** A tag becomes the digest that it names; and what is said where the registry does not give it, before or on the server. */
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";
import { imageDigests, sayNotFound } from "../../components/image-digests/index.ts";
import { pullHint } from "../../server/steps.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const IMAGE = "ghcr.io/recoloca/backend";
let asked: string[] = [];

beforeEach(async () => {
  asked = [];
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: inputs as object }),
    call: ({ inputs }) => {
      asked.push((inputs as { name: string }).name);
      return { sha256Digest: DIGEST };
    },
  });
});

const digestsOf = (images: Record<string, string>) =>
  new Promise<Record<string, string>>((done) => void pulumi.output(imageDigests("images", { images })).apply(done));

test("what has a digest is asked of nobody, and a tag once, however many services run it", async () => {
  expect(await digestsOf({ backend: `${IMAGE}@${DIGEST}` })).toEqual({ backend: `${IMAGE}@${DIGEST}` });
  expect(asked).toEqual([]);
  expect(await digestsOf({ backend: `${IMAGE}:1`, worker: `${IMAGE}:1`, frontend: `x/y@${DIGEST}` })).toEqual({
    backend: `${IMAGE}:1@${DIGEST}`,
    worker: `${IMAGE}:1@${DIGEST}`,
    frontend: `x/y@${DIGEST}`,
  });
  expect(asked).toEqual([`${IMAGE}:1`]);
});

test.each([
  ["401 Unauthorized", /ghcr\.io does not let this login read it.*\n {2}pulumi config set --secret recoloca:registryPassword$/],
  ["denied: permission_denied: read_package", /does not let this login read it/],
  ["manifest unknown", /ghcr\.io has no such tag, or does not show it to this login: was it pushed\?$/],
  ["first line\n  connection reset", /\n {2}connection reset$/],
])("where the registry says %s", (said, means) => {
  const text = sayNotFound(`${IMAGE}:1`, said);
  expect(text).toMatch(/^the digest of ghcr\.io\/recoloca\/backend:1 cannot be looked up; nothing was changed\n {2}/);
  expect(text).toMatch(means);
});

test("at ECR the login of the machine that asks has ended: there is no password to set", () => {
  const text = sayNotFound("123456789012.dkr.ecr.sa-east-1.amazonaws.com/backend:1", "Got error when attempting to fetch image: 403 Forbidden");
  expect(text).toMatch(/\n {2}aws ecr get-login-password \| docker login --username AWS --password-stdin 123456789012\.dkr\.ecr\.sa-east-1\.amazonaws\.com$/);
  expect(text).not.toContain("registryPassword");
});

test("a pull that the registry denies the server names the login, another one does not", () => {
  expect(JSON.stringify(pullHint(`${IMAGE}@${DIGEST}`, "denied: permission_denied"))).toContain("recoloca:registryPassword");
  expect(JSON.stringify(pullHint(`${IMAGE}@${DIGEST}`, "connection reset by peer"))).not.toContain("recoloca:registryPassword");
});
