/** aws.kms and aws.ssm: keys, and parameters that may be encrypted. */
import { randomUUID } from "node:crypto";
import { ACCOUNT, arn, between, exactlyOne, formed, oneOf, tagged } from "./aws-account.ts";
import { policy } from "./aws-policies.ts";
import type { Kinds, Reference } from "./kinds.ts";
import { text } from "./values.ts";

export const PARAMETER = "aws:ssm/parameter:Parameter";
const KEY = "aws:kms/key:Key";
const ALIAS = "aws:kms/alias:Alias";

const ROOT_POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "kms:*", Resource: "*" }],
});

/** A policy that locks its own account out cannot be mended by anybody. */
const lockout = ({ policy: given }: { policy?: unknown }) =>
  given === undefined || text(given).includes(`:iam::${ACCOUNT}:`)
    ? undefined
    : "MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future.";

/** Up to 1011 characters and 15 levels; a name with levels begins with a slash, and none is the vendor's own. */
const parameterName = ({ name }: { name?: unknown }) => {
  if (name === undefined) return undefined;
  const value = text(name);
  const levels = value.split("/").filter(Boolean);
  if (!/^[\w./-]{1,1011}$/.test(value))
    return `ValidationException: Parameter name: can't be longer than 1011 characters and only a mix of letters, numbers and the symbols .-_/: ${value}`;
  if (value.includes("/") && !value.startsWith("/")) return `ValidationException: Parameter name must be a fully qualified name: ${value}`;
  if (levels.length > 15) return `HierarchyLevelLimitExceededException: A hierarchy can have a maximum of 15 levels: ${value}`;
  if (/^(aws|ssm)/i.test(levels[0] ?? "")) return `ValidationException: Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive): ${value}`;
  return undefined;
};

const size = ({ value, insecureValue, tier }: { value?: unknown; insecureValue?: unknown; tier?: unknown }) => {
  const held = text(value ?? insecureValue);
  const most = tier === "Advanced" ? 8192 : 4096;
  if ((value ?? insecureValue) !== undefined && held === "") return "ValidationException: 1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1"; // prettier-ignore
  return Buffer.byteLength(held) > most && tier !== "Intelligent-Tiering" ? `ValidationException: Standard tier parameters support a maximum parameter value of ${most} characters.` : undefined; // prettier-ignore
};

const key: Reference = { type: KEY, missing: "NotFoundException: Key '%s' does not exist" };

export const keys: Kinds = {
  [KEY]: {
    replaces: ["customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId", "xksKeyId"],
    rules: [
      between("deletionWindowInDays", 7, 30),
      between("rotationPeriodInDays", 90, 2560),
      policy("policy", "resource", "MalformedPolicyDocumentException"),
      lockout,
      formed("description", /^.{0,8192}$/s, "at most 8192 characters"),
      tagged,
    ],
    create: (inputs, at) => {
      const id = randomUUID();
      const outputs = { keyId: id, arn: arn("kms", at.region, `key/${id}`), policy: inputs["policy"] ?? ROOT_POLICY };
      return {
        id,
        outputs: {
          ...outputs,
          isEnabled: true,
          keyUsage: "ENCRYPT_DECRYPT",
          customerMasterKeySpec: "SYMMETRIC_DEFAULT",
          rotationPeriodInDays: inputs["rotationPeriodInDays"] ?? 365,
        },
      };
    },
  },
  [ALIAS]: {
    named: "name",
    replaces: ["name", "namePrefix"],
    rules: [formed("name", /^alias\/(?!aws\/)[\w/-]{1,250}$/, "it begins with alias/, not with alias/aws/, and has letters, digits, /, _ and -")],
    create: (inputs, at) => {
      const name = text(inputs["name"]);
      if (at.world.get(ALIAS, name)) throw new Error(`AlreadyExistsException: An alias with the name ${arn("kms", at.region, name)} already exists`);
      const target = text(inputs["targetKeyId"]).split("/").at(-1)!;
      if (!at.world.get(KEY, target)) throw new Error(key.missing.replace("%s", target));
      return { id: name, outputs: { arn: arn("kms", at.region, name), targetKeyArn: arn("kms", at.region, `key/${target}`) } };
    },
  },
  [PARAMETER]: {
    named: "name",
    replaces: ["name", "dataType"],
    secret: ["value"],
    rules: [
      parameterName,
      oneOf("type", ["String", "StringList", "SecureString"]),
      oneOf("tier", ["Standard", "Advanced", "Intelligent-Tiering"]),
      size,
      exactlyOne(["value", "insecureValue", "valueWo"], false),
      ({ type, insecureValue }) => (type === "SecureString" && insecureValue !== undefined ? "insecureValue is not for a SecureString: use value" : undefined),
      tagged,
    ],
    create: (inputs, at) => {
      const name = text(inputs["name"]);
      if ([inputs["value"], inputs["insecureValue"], inputs["valueWo"]].every((one) => one === undefined)) throw new Error("one of `value,insecureValue,valueWo` must be specified"); // prettier-ignore
      if (at.world.get(PARAMETER, name) && inputs["overwrite"] !== true)
        throw new Error("ParameterAlreadyExists: The parameter already exists. To overwrite this value, set the overwrite option in the request to true.");
      return {
        id: name,
        outputs: {
          arn: parameterArn(at.region, name),
          version: 1,
          tier: inputs["tier"] ?? "Standard",
          dataType: inputs["dataType"] ?? "text",
          ...valueOf(inputs),
        },
      };
    },
    update: (inputs, held) => ({ version: (held["version"] as number) + 1, ...valueOf(inputs) }),
  },
};

/** The value is told in both outputs, unless it is encrypted or write-only. */
const valueOf = ({ type, value, insecureValue }: { type?: unknown; value?: unknown; insecureValue?: unknown }) => {
  const held = value ?? insecureValue;
  return held === undefined ? {} : type === "SecureString" ? { value: held } : { value: held, insecureValue: held };
};

export const parameterArn = (region: string, name: string) => arn("ssm", region, `parameter/${name.replace(/^\//, "")}`);
