/** What an instance may ask at 169.254.169.254: the metadata service, version 2. Served on a socket that reaches into the machine. */
import { randomBytes } from "node:crypto";
import * as http from "node:http";
import { ACCOUNT, uniqueId } from "./aws-account.ts";
import { PROFILE } from "./aws-compute.ts";
import { record, text, type Values } from "./values.ts";
import type { World } from "./world.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
}

export const newCredentials = (): Credentials => ({
  accessKeyId: uniqueId("ASIA").slice(0, 20),
  secretAccessKey: randomBytes(30).toString("base64url"),
  token: randomBytes(48).toString("base64url"),
});

/** The role behind an instance's profile. */
export const roleOf = (world: World, instance: Values): string => text(world.get(PROFILE, instance["iamInstanceProfile"])?.["role"]);

export const userDataOf = (instance: Values): string =>
  instance["userDataBase64"] === undefined ? text(instance["userData"]) : Buffer.from(text(instance["userDataBase64"]), "base64").toString();

/** The paths that are answered. A path that ends with a slash lists what is below. */
function paths(id: string, instance: Values, role: string, credentials: Credentials): Record<string, string> {
  const [region, zone] = [text(instance["region"]), text(instance["availabilityZone"])];
  const held = {
    "meta-data/ami-id": text(instance["ami"]),
    "meta-data/instance-id": id,
    "meta-data/instance-type": text(instance["instanceType"]),
    "meta-data/local-ipv4": text(instance["privateIp"]),
    "meta-data/public-ipv4": text(instance["publicIp"]),
    "meta-data/hostname": text(instance["privateDns"]),
    "meta-data/local-hostname": text(instance["privateDns"]),
    "meta-data/placement/region": region,
    "meta-data/placement/availability-zone": zone,
    "dynamic/instance-identity/document": JSON.stringify({ accountId: ACCOUNT, instanceId: id, imageId: instance["ami"], instanceType: instance["instanceType"], region, availabilityZone: zone, privateIp: instance["privateIp"], version: "2017-09-30" }),
    "user-data": userDataOf(instance),
  }; // prettier-ignore
  const tags = record(instance["metadataOptions"])["instanceMetadataTags"] === "enabled" ? Object.entries(record(instance["tagsAll"])) : [];
  const { accessKeyId, secretAccessKey, token } = credentials;
  const issued = {
    Code: "Success", Type: "AWS-HMAC", AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: token,
    LastUpdated: new Date().toISOString(), Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
  }; // prettier-ignore
  return {
    ...Object.fromEntries(Object.entries(held).filter(([, value]) => value !== "")),
    ...Object.fromEntries(tags.map(([key, value]) => [`meta-data/tags/instance/${key}`, text(value)])),
    ...(role !== "" && { [`meta-data/iam/security-credentials/${role}`]: JSON.stringify(issued) }),
  };
}

const listing = (all: readonly string[], prefix: string) =>
  [...new Set(all.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length).replace(/\/.*$/, "/")))].sort().join("\n");

/** `instance`: as it is now; a change of its options counts at once. */
export function metadataServer(id: string, instance: () => Values, world: World, credentials: Credentials): http.Server {
  const tokens = new Map<string, number>();
  return http.createServer((request, response) => {
    const answer = (status: number, body = "") => void response.writeHead(status, { "content-type": "text/plain", server: "EC2ws" }).end(body);
    const now = instance();
    const options = record(now["metadataOptions"]);
    if (options["httpEndpoint"] === "disabled") return answer(403);
    if (request.url === "/latest/api/token") {
      const seconds = Number(request.headers["x-aws-ec2-metadata-token-ttl-seconds"]);
      if (request.method !== "PUT") return answer(405);
      if (!(seconds >= 1 && seconds <= 21_600)) return answer(400);
      const token = randomBytes(42).toString("base64url");
      tokens.set(token, Date.now() + seconds * 1000);
      // Go's SDK takes no token whose end it is not told.
      response.setHeader("x-aws-ec2-metadata-token-ttl-seconds", seconds);
      return answer(200, token);
    }
    const token = request.headers["x-aws-ec2-metadata-token"];
    const valid = typeof token === "string" && (tokens.get(token) ?? 0) > Date.now();
    if (!valid && (token !== undefined || options["httpTokens"] !== "optional")) return answer(401);
    const all = paths(id, now, roleOf(world, now), credentials);
    const path = (request.url ?? "").replace(/^\/latest\/?/, "");
    if (all[path] !== undefined) return answer(200, all[path]);
    const below = listing(Object.keys(all), path === "" || path.endsWith("/") ? path : `${path}/`);
    return below === "" ? answer(404) : answer(200, below);
  });
}
