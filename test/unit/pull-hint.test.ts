/** What is said below an image that cannot be pulled: what mends it, by what the registry answered. */
import { expect, test } from "vitest";
import { pullHint } from "../../server/steps.ts";

const GHCR = "ghcr.io/acme/backend@sha256:1";
const ECR = "123456789012.dkr.ecr.sa-east-1.amazonaws.com/backend@sha256:1";

test.each<[image: string, message: string, says: RegExp]>([
  [GHCR, "manifest unknown", /the registry has no such digest/],
  ...[": no match for platform in manifest: not found", ""].map((tail): [string, string, RegExp] => [
    GHCR,
    `no matching manifest for linux/arm64/v8 in the manifest list entries${tail}`,
    /^it was built for others than linux\/arm64\/v8, which this server is: docker buildx build --platform linux\/amd64,linux\/arm64$/,
  ]),
  [
    GHCR,
    "no match for platform in manifest: not found",
    /^it was built for other architectures than this server's: docker buildx build --platform linux\/amd64,linux\/arm64$/,
  ],
  [
    GHCR,
    "denied: denied",
    /^ghcr\.io does not give it to this server: a login that may read it \(packages: read, at GitHub\): pulumi config set --secret recoloca:registryPassword$/,
  ],
  [ECR, "no basic auth credentials: unauthorized", /its role may read the repositories of its own account alone/],
  [GHCR, "dial tcp: i/o timeout", /^ghcr\.io does not answer from this host/],
])("%s: %s", (image, message, says) => expect(pullHint(image, message)[0]![1]).toMatch(says));

test("of what nobody has seen yet nothing is guessed", () => expect(pullHint(GHCR, "out of cheese")).toEqual([]));
