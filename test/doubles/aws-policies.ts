/** Policy documents: whether they are any, and what they allow. */
import type { Rule } from "./kinds.ts";
import { isRecord, text, type Values } from "./values.ts";

const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value]);

export const document = (policy: unknown): Values | undefined => {
  if (isRecord(policy)) return policy;
  try {
    const parsed: unknown = JSON.parse(text(policy));
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
};

const statements = (policy: unknown) => listed(document(policy)?.["Statement"]).filter(isRecord);

/** `identity`: on a role, it says what. `trust`: who may take the role. `resource`: on a bucket or key, who may do what. */
type Use = "identity" | "trust" | "resource";

function fault(policy: unknown, use: Use): string | undefined {
  const found = document(policy);
  if (!found) return "the document is not valid JSON";
  if (!["2012-10-17", "2008-10-17"].includes(text(found["Version"]))) return `Version must be "2012-10-17", got "${text(found["Version"])}"`;
  if (statements(found).length === 0) return "Statement is missing or empty";
  for (const one of statements(found)) {
    const wrong = Object.keys(one).find((key) => !/^(Sid|Effect|(Not)?Principal|(Not)?Action|(Not)?Resource|Condition)$/.test(key));
    if (wrong) return `${wrong} is no element of a statement`;
    if (!["Allow", "Deny"].includes(text(one["Effect"]))) return `Effect must be Allow or Deny, got "${text(one["Effect"])}"`;
    if (one["Action"] === undefined && one["NotAction"] === undefined) return "a statement has neither Action nor NotAction";
    const misnamed = listed(one["Action"]).find((action) => action !== "*" && !/^[a-z0-9-]+:[A-Za-z0-9*?]+$/.test(text(action)));
    if (misnamed !== undefined) return `Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: ${text(misnamed)}`;
    const principal = one["Principal"] !== undefined || one["NotPrincipal"] !== undefined;
    if (use === "identity" && principal) return "Policy document should not specify a principal.";
    if (use !== "identity" && !principal) return "Missing required field Principal";
    const resource = one["Resource"] !== undefined || one["NotResource"] !== undefined;
    if (use === "trust" && resource) return "Has prohibited field Resource";
    if (use !== "trust" && !resource) return "Policy statement must contain resources.";
    if (use === "identity" && text(one["Sid"]) !== "" && !/^[A-Za-z0-9]*$/.test(text(one["Sid"]))) return "Statement IDs (SID) must be alpha-numeric.";
  }
  return undefined;
}

export const policy =
  (property: string, use: Use, error = "MalformedPolicyDocument"): Rule =>
  (inputs) => {
    const wrong = inputs[property] === undefined ? undefined : fault(inputs[property], use);
    return wrong === undefined ? undefined : `${error}: ${property}: ${wrong}`;
  };

const like = (pattern: unknown, value: string) =>
  new RegExp(
    `^${text(pattern)
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, ".")}$`,
  ).test(value);

/** What a request brings with it, by condition key: `s3:prefix`. */
export type Context = Readonly<Record<string, string>>;

/** Every condition of a statement holds. An operator that no policy of ours has is an error, not a guess. */
function holds(condition: unknown, context: Context): boolean {
  const some = (compare: (wanted: unknown, value: string) => boolean) => (wanted: unknown, value: string | undefined) =>
    value !== undefined && listed(wanted).some((one) => compare(one, value));
  const equal = some((wanted, value) => text(wanted) === value);
  const operators: Record<string, (wanted: unknown, value: string | undefined) => boolean> = {
    Bool: equal,
    StringEquals: equal,
    // Also of a key that the request does not have.
    StringNotEquals: (wanted, value) => !equal(wanted, value),
    StringLike: some(like),
    Null: (wanted, value) => text(wanted) === String(value === undefined),
    // Of a key with several values, of which the doubles' requests have one.
    "ForAllValues:StringEquals": equal,
    "ForAllValues:StringLike": some(like),
  };
  return Object.entries(isRecord(condition) ? condition : {}).every(([operator, keys]) => {
    const compare = operators[operator];
    if (!compare) throw new Error(`the doubles know no condition ${operator}; they know ${Object.keys(operators).join(", ")}`);
    return Object.entries(isRecord(keys) ? keys : {}).every(([key, wanted]) => compare(wanted, context[key]));
  });
}

const matches = (one: Values, element: "Action" | "Resource", value: string) =>
  one[`Not${element}`] === undefined ? listed(one[element]).some((each) => like(each, value)) : !listed(one[`Not${element}`]).some((each) => like(each, value));

const meant = (policies: readonly unknown[], action: string, resource: string, context: Context) =>
  policies.flatMap(statements).filter((one) => matches(one, "Action", action) && matches(one, "Resource", resource) && holds(one["Condition"], context));

/** Whether these documents together allow an action on a resource; a Deny wins. */
export function allows(policies: readonly unknown[], action: string, resource: string, context: Context = {}): boolean {
  const effects = meant(policies, action, resource, context).map((one) => one["Effect"]);
  return effects.includes("Allow") && !effects.includes("Deny");
}

/** Whether a resource's own policy denies it to somebody, named by his ARN. */
export const denies = (policy: unknown, principal: string, action: string, resource: string, context: Context = {}): boolean =>
  meant([policy], action, resource, context).some((one) => {
    const who = isRecord(one["Principal"]) ? one["Principal"]["AWS"] : one["Principal"];
    return one["Effect"] === "Deny" && listed(who).some((each) => like(each, principal));
  });
