/** aws.s3: a bucket and the settings beside it. */
import { exactlyOne, oneOf, tagged } from "./aws-account.ts";
import { policy } from "./aws-policies.ts";
import type { Kind, Kinds, Place, Reference, Rule } from "./kinds.ts";
import { list, record, text, type Values } from "./values.ts";

export const BUCKET = "aws:s3/bucket:Bucket";
export const ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
export const OBJECT_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration";
export const BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy";
const VERSIONING = "aws:s3/bucketVersioning:BucketVersioning";
const LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
const PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";

/** 3 to 63 lower-case letters, digits, dots and hyphens; not like an address; some beginnings and ends are the vendor's own. */
const bucketName: Rule = ({ bucket }) => {
  if (bucket === undefined) return undefined;
  const name = text(bucket);
  const wrong =
    !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) ||
    /\.\.|^\d+\.\d+\.\d+\.\d+$|^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name);
  return wrong ? `InvalidBucketName: The specified bucket is not valid: ${name}` : undefined;
};

const bucket: Reference = { type: BUCKET, missing: "NoSuchBucket: The specified bucket does not exist: %s" };

const retention: Rule = ({ rule }) => {
  const { mode, days, years } = record(record(rule)["defaultRetention"]);
  if (rule === undefined) return undefined;
  const wrong = oneOf("mode", ["GOVERNANCE", "COMPLIANCE"])({ mode }) ?? exactlyOne(["days", "years"])({ days, years });
  if (wrong) return wrong;
  if (mode === undefined) return "MalformedXML: a default retention has a mode";
  const most = days === undefined ? [years, 100] : [days, 36500];
  return typeof most[0] === "number" && (most[0] < 1 || most[0] > (most[1] as number)) ? `InvalidArgument: Default retention period must be a positive integer value, at most ${String(most[1])}` : undefined; // prettier-ignore
};

const CLASSES = ["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"];

/** One rule of a lifecycle: it does something, expires after it moves, and has a name of at most 255 characters. */
function lifecycleFault(rule: Values): string | undefined {
  const id = text(rule["id"]);
  if (id.length > 255) return "ID length should not exceed allowed limit of 255";
  if (!["Enabled", "Disabled"].includes(text(rule["status"]))) return `expected status to be one of ["Enabled" "Disabled"], got ${text(rule["status"])}`;
  const actions = ["expiration", "noncurrentVersionExpiration", "transitions", "noncurrentVersionTransitions", "abortIncompleteMultipartUpload"];
  if (!actions.some((one) => rule[one] !== undefined && list(rule[one]).length + Object.keys(record(rule[one])).length > 0))
    return "InvalidRequest: At least one action needs to be specified in a rule";
  const expiration = record(rule["expiration"]);
  const kinds = ["days", "date", "expiredObjectDeleteMarker"].filter((one) => expiration[one] !== undefined);
  if (kinds.length > 1) return `only one of ${kinds.join(", ")} can be given in an expiration`;
  for (const one of list(rule["transitions"]).map(record)) {
    const wrong = CLASSES.includes(text(one["storageClass"])) ? undefined : `expected storageClass to be one of ["${CLASSES.join('" "')}"]`;
    if (wrong) return wrong;
    const [moves, expires] = [one["days"], expiration["days"]];
    if (typeof moves === "number" && /_IA$/.test(text(one["storageClass"])) && moves < 30) return `InvalidArgument: 'Days' in Transition action must be greater than or equal to 30 for storageClass '${text(one["storageClass"])}'`; // prettier-ignore
    if (typeof moves === "number" && typeof expires === "number" && expires <= moves) return `InvalidArgument: 'Days' in the Expiration action for filter must be greater than 'Days' in the Transition action`; // prettier-ignore
  }
  const abort = record(rule["abortIncompleteMultipartUpload"])["daysAfterInitiation"];
  return abort !== undefined && !((abort as number) >= 1) ? "InvalidArgument: 'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer" : undefined; // prettier-ignore
}

const lifecycle: Rule = ({ rules }) => {
  const all = list(rules).map(record);
  const ids = all.map((one) => text(one["id"]));
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) return `InvalidArgument: RuleId must be unique. Found same ID for one or more rules: ${twice}`;
  return all.map(lifecycleFault).find((one) => one !== undefined);
};

const encryption: Rule = ({ rules }) =>
  list(rules)
    .map((one) => record(record(one)["applyServerSideEncryptionByDefault"]))
    .map(({ sseAlgorithm, kmsMasterKeyId }) =>
      kmsMasterKeyId !== undefined && sseAlgorithm === "AES256"
        ? "InvalidArgument: a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
        : oneOf("sseAlgorithm", ["AES256", "aws:kms", "aws:kms:dsse"])({ sseAlgorithm }),
    )
    .find((one) => one !== undefined);

/** A setting of a bucket: there is one of a kind, and its id is the bucket's name. */
const setting = (rules: readonly Rule[], create: (inputs: Values, at: Place) => Values = () => ({})): Kind => ({
  replaces: ["bucket"],
  refers: { bucket },
  rules,
  create: (inputs, at) => ({ id: text(inputs["bucket"]), outputs: create(inputs, at) }),
});

const versioned = (inputs: Values, { world }: Place) =>
  record(world.get(VERSIONING, inputs["bucket"])?.["versioningConfiguration"])["status"] === "Enabled" ||
  world.get(BUCKET, inputs["bucket"])?.["objectLockEnabled"] === true;

function emptied(held: Values, { world }: Place, id: string): void {
  const objects = world.objects(id);
  if (objects.length > 0 && held["forceDestroy"] !== true) throw new Error("BucketNotEmpty: The bucket you tried to delete is not empty. You must delete all versions in the bucket."); // prettier-ignore
  const locked = objects.filter(({ lockedUntil }) => lockedUntil !== undefined && Date.parse(lockedUntil) > Date.now());
  world.store(id, locked);
  if (locked.length > 0) throw new Error(`AccessDenied: Access Denied because object protected by object lock: ${locked[0]!.key}`);
}

export const s3: Kinds = {
  [BUCKET]: {
    named: "bucket",
    replaces: ["bucket", "bucketPrefix", "objectLockEnabled"],
    rules: [bucketName, tagged],
    create: (inputs, at) => {
      const name = text(inputs["bucket"]) || `${text(inputs["bucketPrefix"])}${Date.now()}`;
      const there = at.world.get(BUCKET, name);
      if (there) {
        const foreign = there["owner"] !== undefined;
        throw new Error(
          foreign
            ? "BucketAlreadyExists: The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."
            : "BucketAlreadyOwnedByYou: Your previous request to create the named bucket succeeded and you already own it.",
        );
      }
      const domain = `${name}.s3.${at.region}.amazonaws.com`;
      const outputs = {
        bucket: name,
        arn: `arn:aws:s3:::${name}`,
        bucketDomainName: `${name}.s3.amazonaws.com`,
        bucketRegionalDomainName: domain,
        bucketRegion: at.region,
      };
      return { id: name, outputs: { ...outputs, requestPayer: "BucketOwner", objectLockEnabled: inputs["objectLockEnabled"] ?? false } };
    },
    remove: emptied,
  },
  [VERSIONING]: {
    ...setting([({ versioningConfiguration }) => oneOf("status", ["Enabled", "Suspended", "Disabled"])(record(versioningConfiguration))]),
    update: (inputs, _, { world }) => {
      const off = record(inputs["versioningConfiguration"])["status"] !== "Enabled";
      if (off && world.get(BUCKET, inputs["bucket"])?.["objectLockEnabled"] === true)
        throw new Error("InvalidBucketState: An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.");
      return {};
    },
  },
  [OBJECT_LOCK]: setting([retention, oneOf("objectLockEnabled", ["Enabled"])], (inputs, at) => {
    if (!versioned(inputs, at)) throw new Error("InvalidBucketState: Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
    return { objectLockEnabled: "Enabled" };
  }),
  [ENCRYPTION]: setting([encryption]),
  [PUBLIC_ACCESS]: setting([]),
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": setting([
    ({ rule }) => oneOf("objectOwnership", ["BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"])(record(rule)),
  ]),
  [BUCKET_POLICY]: setting([policy("policy", "resource", "MalformedPolicy")], (inputs, { world }) => {
    const open = /"Effect":\s*"Allow"[^}]*"Principal":\s*("\*"|\{\s*"AWS":\s*"\*"\s*\})/.test(text(inputs["policy"]));
    if (open && world.get(PUBLIC_ACCESS, inputs["bucket"])?.["blockPublicPolicy"] === true)
      throw new Error(
        "AccessDenied: User is not authorized to perform: s3:PutBucketPolicy because public policies are blocked by the BlockPublicPolicy block public access setting.",
      );
    return {};
  }),
  "aws:s3/bucketLogging:BucketLogging": setting([
    ({ targetBucket }) => (text(targetBucket) === "" ? "MalformedXML: a bucket that gets the log is wanted" : undefined),
  ]),
  [LIFECYCLE]: setting([lifecycle], () => ({ transitionDefaultMinimumObjectSize: "all_storage_classes_128K" })),
};
