/**
 * Signature version 4 of AWS: held against the keys that an instance was given, and made anew for a store that has others.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Credentials } from "./instance-metadata.ts";
import { text } from "./values.ts";

const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest();
export const sha256 = (data: string) => createHash("sha256").update(data).digest("hex");

interface Signed {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Names of the headers that are signed, sorted. */
  readonly names: readonly string[];
  /** SHA-256 of the body, or what stands for it. */
  readonly payload: string;
  /** `20261124/sa-east-1/s3/aws4_request`. */
  readonly scope: string;
}

const inOrder = (query: string) =>
  query === ""
    ? ""
    : query
        .split("&")
        .map((one) => (one.includes("=") ? one : `${one}=`))
        .sort()
        .join("&");

function signature({ method, url, headers, names, payload, scope }: Signed, secret: string): string {
  const [path = "/", query = ""] = url.split("?");
  const lines = names.map((name) => `${name}:${[headers[name]].flat().join(",").trim()}\n`);
  const canonical = [method, path, inOrder(query), lines.join(""), names.join(";"), payload].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", text(headers["x-amz-date"]), scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secret}`);
  return hmac(key, toSign).toString("hex");
}

function signedOf(request: IncomingMessage, payload: string): (Signed & { readonly by: string; readonly as: string }) | undefined {
  const found = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/[^/]+\/[a-z0-9-]+\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? "",
  );
  if (!found) return undefined;
  const [, by = "", scope = "", names = "", as = ""] = found;
  return { method: request.method ?? "", url: request.url ?? "/", headers: request.headers, names: names.split(";"), payload, scope, by, as };
}

/** Whether it was signed with these credentials, for this service. */
export function isSigned(request: IncomingMessage, service: string, payload: string, { accessKeyId, secretAccessKey, token }: Credentials): boolean {
  const signed = signedOf(request, payload);
  if (!signed || signed.by !== accessKeyId || request.headers["x-amz-security-token"] !== token || signed.scope.split("/")[2] !== service) return false;
  return timingSafeEqual(Buffer.from(signature(signed, secretAccessKey), "hex"), Buffer.from(signed.as, "hex"));
}

/** The same request's headers, signed with a store's own keys. */
export function resigned(request: IncomingMessage, payload: string, keys: Pick<Credentials, "accessKeyId" | "secretAccessKey">): IncomingHttpHeaders {
  const signed = signedOf(request, payload);
  if (!signed) return request.headers;
  const names = signed.names.filter((name) => name !== "x-amz-security-token");
  const { "x-amz-security-token": _, ...headers } = request.headers;
  const made = signature({ ...signed, headers, names }, keys.secretAccessKey);
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${signed.scope}, SignedHeaders=${names.join(";")}, Signature=${made}`,
  };
}
