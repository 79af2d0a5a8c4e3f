/**
 * `https://BUCKET.s3.REGION.amazonaws.com` as an instance reaches it: what its role's policies, the bucket's own and the key's use
 * allow goes on to a real store. Buckets that the world has are made there when they are first asked for.
 */
import * as http from "node:http";
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectLockConfigurationCommand } from "@aws-sdk/client-s3";
import type { ObjectStore } from "../../local/object-store.ts";
import { ROLE, mayDo } from "./aws-iam.ts";
import { type Context, denies } from "./aws-policies.ts";
import { BUCKET, BUCKET_POLICY, ENCRYPTION, OBJECT_LOCK } from "./aws-s3.ts";
import { type Credentials, roleOf } from "./instance-metadata.ts";
import { isSigned, resigned } from "./signature.ts";
import { list, record, text, type Values } from "./values.ts";
import type { World } from "./world.ts";

interface Asked {
  readonly action: string;
  readonly key?: string;
  readonly context?: Context;
  /** What the bucket's key is used for. */
  readonly encryption?: "kms:GenerateDataKey" | "kms:Decrypt";
}

/** What a request of S3's API means in the words of a policy; nothing where the doubles do not know it. */
function asked(method: string, url: URL): Asked | undefined {
  const key = decodeURIComponent(url.pathname.slice(1));
  const has = (name: string) => url.searchParams.has(name);
  if (key === "") {
    if (method === "GET" && has("list-type")) return { action: "s3:ListBucket", context: { "s3:prefix": url.searchParams.get("prefix") ?? "" } };
    if (method === "GET" && has("uploads")) return { action: "s3:ListBucketMultipartUploads" };
    if (method === "GET" && has("object-lock")) return { action: "s3:GetBucketObjectLockConfiguration" };
    if (method === "HEAD") return { action: "s3:ListBucket" };
    return undefined;
  }
  if (method === "DELETE") return { action: has("uploadId") ? "s3:AbortMultipartUpload" : "s3:DeleteObject", key };
  if (method === "GET" && has("uploadId")) return { action: "s3:ListMultipartUploadParts", key };
  if (method === "GET" || method === "HEAD") return { action: has("versionId") ? "s3:GetObjectVersion" : "s3:GetObject", key, encryption: "kms:Decrypt" };
  if (method === "PUT" || (method === "POST" && (has("uploads") || has("uploadId"))))
    // Later parts are encrypted with the key of the first, which is asked to decrypt it.
    return { action: "s3:PutObject", key, encryption: has("uploadId") ? "kms:Decrypt" : "kms:GenerateDataKey" };
  return undefined;
}

const payloadOf = (request: http.IncomingMessage) => text(request.headers["x-amz-content-sha256"]);

const refuse = (response: http.ServerResponse, status: number, code: string, message: string) =>
  void response
    .writeHead(status, { "content-type": "application/xml" })
    .end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);

export class BucketEndpoint {
  private readonly store: ObjectStore;
  private readonly world: World;
  private readonly made = new Map<string, Promise<void>>();

  constructor(store: ObjectStore, world: World) {
    this.store = store;
    this.world = world;
  }

  /** Why it may not, if so. */
  private refusal(instance: Values, bucket: string, { action, key, context = {}, encryption }: Asked): string | undefined {
    const role = roleOf(this.world, instance);
    const arn = text(this.world.get(ROLE, role)?.["arn"]);
    const may = (what: string, on: string, more: Context = {}) => mayDo(this.world, role, what, on, more);
    const resource = `arn:aws:s3:::${bucket}${key === undefined ? "" : `/${key}`}`;
    const all = { "aws:SecureTransport": "true", ...context };
    if (!may(action, resource, all)) return `${arn} is not authorized to perform: ${action} on resource: "${resource}"`;
    if (denies(this.world.get(BUCKET_POLICY, bucket)?.["policy"], arn, action, resource, all)) return `${action} is denied by the bucket's policy`;
    const rule = record(list(this.world.get(ENCRYPTION, bucket)?.["rules"])[0]);
    const encrypts = text(record(rule["applyServerSideEncryptionByDefault"])["kmsMasterKeyId"]);
    if (
      encryption !== undefined &&
      encrypts !== "" &&
      !may(encryption, encrypts, {
        "kms:ViaService": `s3.${text(instance["region"])}.amazonaws.com`,
        "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${bucket}`,
      })
    )
      return `not authorized to perform: ${encryption} on ${encrypts}`;
    return undefined;
  }

  private make(name: string): Promise<void> {
    const made = this.made.get(name) ?? this.create(name);
    this.made.set(name, made);
    return made;
  }

  private async create(name: string): Promise<void> {
    const { owner, host } = this.store;
    const locks = this.world.get(BUCKET, name)?.["objectLockEnabled"] === true;
    await owner.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: locks }));
    const { mode, days } = record(record(this.world.get(OBJECT_LOCK, name)?.["rule"])["defaultRetention"]);
    const retention = { Mode: text(mode) as "GOVERNANCE" | "COMPLIANCE", Days: days as number };
    if (mode !== undefined)
      await owner.send(
        new PutObjectLockConfigurationCommand({
          Bucket: name,
          ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: retention } },
        }),
      );
    // Who may do what was decided before it came here.
    const Statement = [
      { Effect: "Allow", Principal: { AWS: [host.accessKeyId] }, Action: "s3:*", Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`] },
    ];
    await owner.send(new PutBucketPolicyCommand({ Bucket: name, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }));
  }

  readonly answer = (instance: Values, credentials: Credentials, request: http.IncomingMessage, response: http.ServerResponse): void => {
    const bucket = (request.headers.host ?? "").split(".s3.")[0]!;
    const meant = asked(request.method ?? "", new URL(request.url ?? "/", "https://s3"));
    if (!this.world.get(BUCKET, bucket)) return refuse(response, 404, "NoSuchBucket", "The specified bucket does not exist");
    if (!meant) return refuse(response, 501, "NotImplemented", `the doubles do not know ${request.method} ${request.url}`);
    if (!isSigned(request, "s3", payloadOf(request), credentials))
      return refuse(response, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.");
    const why = this.refusal(instance, bucket, meant);
    if (why !== undefined) return refuse(response, 403, "AccessDenied", `User: ${why}`);
    this.make(bucket).then(
      () => this.pass(request, response, () => meant.action === "s3:PutObject" && meant.key !== undefined && this.keep(bucket, meant.key)),
      (error: Error) => refuse(response, 500, "InternalError", error.message),
    );
  };

  /** Known to the world too: a bucket with something in it is not deleted. */
  private keep(bucket: string, key: string): void {
    const there = this.world.objects(bucket);
    if (!there.some((one) => one.key === key)) this.world.store(bucket, [...there, { key }]);
  }

  private pass(request: http.IncomingMessage, response: http.ServerResponse, done: () => unknown): void {
    const { method, url } = request;
    const headers = resigned(request, payloadOf(request), this.store.host);
    const onward = http.request({ host: "127.0.0.1", port: this.store.port, method, path: url, headers }, (answer) => {
      if (answer.statusCode === 200) done();
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", (error) => (response.headersSent ? response.destroy() : refuse(response, 503, "ServiceUnavailable", error.message)));
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  }
}
