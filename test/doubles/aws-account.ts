/** The AWS account that the doubles are: its number, its regions, ids and ARNs of the vendor's shapes. */
import { randomBytes } from "node:crypto";
import type { Place, Rule } from "./kinds.ts";
import { isRecord, text, type Values } from "./values.ts";

export const ACCOUNT = "123456789012";
export const PARTITION = "aws";

export const REGIONS: Readonly<Record<string, string>> = {
  "sa-east-1": "South America (Sao Paulo)",
  "eu-central-1": "Europe (Frankfurt)",
  "eu-west-1": "Europe (Ireland)",
  "eu-west-3": "Europe (Paris)",
  "eu-north-1": "Europe (Stockholm)",
  "us-east-1": "US East (N. Virginia)",
  "us-east-2": "US East (Ohio)",
  "us-west-2": "US West (Oregon)",
  "ap-southeast-1": "Asia Pacific (Singapore)",
};

/** `vpc-0a1b2c3d4e5f60718`. */
export const newId = (prefix: string) => `${prefix}-0${randomBytes(8).toString("hex")}`;

/** `AROA…` for a role, `AIPA…` for an instance profile. */
export const uniqueId = (prefix: string) => `${prefix}${randomBytes(9).toString("hex").toUpperCase().slice(0, 17)}`;

export const arn = (service: string, region: string, resource: string) => `arn:${PARTITION}:${service}:${region}:${ACCOUNT}:${resource}`;

/** What the provider adds to every resource: the region it is managed in, and all its tags. Services without a region have no `region`. */
export function common(inputs: Values, at: Place): Values {
  const defaults = at.config["defaultTags"];
  const tags = isRecord(defaults) && isRecord(defaults["tags"]) ? defaults["tags"] : {};
  const own = isRecord(inputs["tags"]) ? inputs["tags"] : {};
  return { region: at.region, tagsAll: { ...tags, ...own } };
}

export const configuration: readonly Rule[] = [
  ({ region }) => (region === undefined ? "Missing region configuration: set aws:region, or AWS_REGION" : undefined),
  ({ region }) => (region === undefined || REGIONS[text(region)] ? undefined : `invalid AWS Region: ${text(region)}`),
  ({ allowedAccountIds: allowed }) => (Array.isArray(allowed) && !allowed.map(String).includes(ACCOUNT) ? `AWS account ID not allowed: ${ACCOUNT}` : undefined),
];

/** One of a list, else the vendor's words for that. */
export const oneOf =
  (property: string, allowed: readonly string[]): Rule =>
  (inputs) => {
    const value = inputs[property];
    return value === undefined || allowed.includes(text(value))
      ? undefined
      : `expected ${property} to be one of ["${allowed.join('" "')}"], got ${text(value)}`;
  };

/** A whole number within bounds, both allowed. */
export const between =
  (property: string, least: number, most: number): Rule =>
  (inputs) => {
    const value = inputs[property];
    if (value === undefined) return undefined;
    return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `expected ${property} to be in the range (${least} - ${most}), got ${JSON.stringify(value)}`;
  };

/** A text that has a form. */
export const formed =
  (property: string, form: RegExp, says: string): Rule =>
  (inputs) => {
    const value = inputs[property];
    return value === undefined || form.test(text(value)) ? undefined : `invalid value for ${property} (${says}): ${text(value)}`;
  };

/** At most one of these, or at least one where `needed`. */
export const exactlyOne =
  (properties: readonly string[], needed = true): Rule =>
  (inputs) => {
    const count = properties.filter((one) => inputs[one] !== undefined && inputs[one] !== "").length;
    if (count > 1) return `only one of \`${properties.join(",")}\` can be specified`;
    return needed && count === 0 ? `one of \`${properties.join(",")}\` must be specified` : undefined;
  };

/** Tags: a key has 1 to 128 characters and does not start with aws:, a value has at most 256. */
export const tagged: Rule = ({ tags }) => {
  if (!isRecord(tags)) return undefined;
  for (const [key, value] of Object.entries(tags)) {
    if (/^aws:/i.test(key)) return `InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use: ${key}`;
    if (key.length > 128) return `InvalidParameterValue: Tag key exceeds the maximum length of 128 characters: ${key}`;
    if (text(value).length > 256) return `InvalidParameterValue: Tag value exceeds the maximum length of 256 characters, key ${key}`;
  }
  return undefined;
};
