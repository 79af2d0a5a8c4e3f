/** aws.iam: roles, what they may do, and who may take them. */
import { ACCOUNT, between, exactlyOne, formed, PARTITION, tagged, uniqueId } from "./aws-account.ts";
import { PROFILE } from "./aws-compute.ts";
import { INSTANCE } from "./aws-network.ts";
import { allows, policy, type Context } from "./aws-policies.ts";
import type { Kinds, Place, Reference } from "./kinds.ts";
import { text, type Values } from "./values.ts";
import type { World } from "./world.ts";

export const ROLE = "aws:iam/role:Role";
const POLICY = "aws:iam/policy:Policy";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const OIDC = "aws:iam/openIdConnectProvider:OpenIdConnectProvider";

const iamArn = (resource: string) => `arn:${PARTITION}:iam::${ACCOUNT}:${resource}`;
const NAME = formed("name", /^[\w+=,.@-]{1,64}$/, "at most 64 characters: alphanumeric and +=,.@-_");
const role: Reference = { type: ROLE, missing: "NoSuchEntity: The role with name %s cannot be found." };

const policiesOf = (world: World, name: string): readonly unknown[] => world.all(ROLE_POLICY).flatMap((one) => (one["role"] === name ? [one["policy"]] : []));

/** Whether a role may do it: its policies allow it, and its boundary, where it has one, does too. */
export function mayDo(world: World, name: string, action: string, resource: string, context: Context = {}): boolean {
  const bound = world.all(POLICY).find((one) => one["arn"] === world.get(ROLE, name)?.["permissionsBoundary"]);
  return allows(policiesOf(world, name), action, resource, context) && (!bound || allows([bound["policy"]], action, resource, context));
}

const path = (inputs: Values) => text(inputs["path"]) || "/";
const taken = (kind: string, name: string) => new Error(`EntityAlreadyExists: ${kind} with name ${name} already exists.`);

export const iam: Kinds = {
  [ROLE]: {
    named: "name",
    replaces: ["name", "namePrefix", "path"],
    refers: { permissionsBoundary: { type: POLICY, by: "arn", missing: "NoSuchEntity: Scope ARN: %s does not exist or is not attachable." } },
    rules: [
      NAME,
      policy("assumeRolePolicy", "trust"),
      between("maxSessionDuration", 3600, 43200),
      formed("description", /^.{0,1000}$/s, "at most 1000 characters"),
      tagged,
    ],
    heldBy: [
      { type: ROLE_POLICY, property: "role" },
      { type: PROFILE, property: "role" },
    ],
    held: "DeleteConflict: Cannot delete entity %s, must detach all policies, delete policies and remove roles from instance profile first.",
    create: (inputs, at) => {
      const name = text(inputs["name"]);
      if (at.world.get(ROLE, name)) throw taken("Role", name);
      return {
        id: name,
        outputs: {
          arn: iamArn(`role${path(inputs)}${name}`),
          uniqueId: uniqueId("AROA"),
          createDate: new Date().toISOString(),
          maxSessionDuration: inputs["maxSessionDuration"] ?? 3600,
          path: path(inputs),
        },
      };
    },
  },
  [POLICY]: {
    named: "name",
    replaces: ["name", "namePrefix", "path", "description"],
    rules: [policy("policy", "identity"), formed("name", /^[\w+=,.@-]{1,128}$/, "at most 128 characters: alphanumeric and +=,.@-_"), tagged],
    heldBy: [{ type: ROLE, property: "permissionsBoundary", by: "arn" }],
    held: "DeleteConflict: Cannot delete a policy attached to entities.",
    create: (inputs, at) => {
      const arn = iamArn(`policy${path(inputs)}${text(inputs["name"])}`);
      if (at.world.get(POLICY, arn)) throw taken("A policy", text(inputs["name"]));
      return { id: arn, outputs: { arn, policyId: uniqueId("ANPA"), path: path(inputs) } };
    },
  },
  [ROLE_POLICY]: {
    named: "name",
    replaces: ["name", "namePrefix", "role"],
    refers: { role },
    rules: [policy("policy", "identity"), formed("name", /^[\w+=,.@-]{1,128}$/, "at most 128 characters: alphanumeric and +=,.@-_")],
    create: (inputs) => ({ id: `${text(inputs["role"])}:${text(inputs["name"])}`, outputs: {} }),
  },
  [PROFILE]: {
    named: "name",
    replaces: ["name", "namePrefix", "path"],
    refers: { role },
    rules: [formed("name", /^[\w+=,.@-]{1,128}$/, "at most 128 characters: alphanumeric and +=,.@-_"), tagged],
    heldBy: [{ type: INSTANCE, property: "iamInstanceProfile", by: "name" }],
    held: "DeleteConflict: Cannot delete entity %s, an instance uses it.",
    create: (inputs, at) => {
      const name = text(inputs["name"]);
      if (at.world.get(PROFILE, name)) throw taken("Instance Profile", name);
      return { id: name, outputs: { arn: iamArn(`instance-profile${path(inputs)}${name}`), uniqueId: uniqueId("AIPA"), createDate: new Date().toISOString() } };
    },
  },
  [OIDC]: {
    replaces: ["url"],
    rules: [
      formed("url", /^https:\/\/[^/?#]+[^?#]*$/, "it begins with https:// and has no query"),
      ({ clientIdLists }) => (Array.isArray(clientIdLists) && clientIdLists.length === 0 ? "InvalidInput: at least one client id" : undefined),
      exactlyOne(["url"]),
      tagged,
    ],
    create: (inputs, at) => {
      const host = text(inputs["url"]).replace("https://", "");
      const id = iamArn(`oidc-provider/${host}`);
      if (at.world.get(OIDC, id)) throw new Error(`EntityAlreadyExists: Provider with url https://${host} already exists.`);
      return { id, outputs: { arn: id } };
    },
  },
};

export function getOpenIdConnectProvider(args: Values, { world }: Place): Values {
  const host = text(args["url"]).replace("https://", "");
  const arn = iamArn(`oidc-provider/${host}`);
  const held = world.get(OIDC, arn);
  if (!held) throw new Error(`finding IAM OIDC Provider by url (${text(args["url"])}): not found`);
  return { id: arn, arn, url: host, clientIdLists: held["clientIdLists"], thumbprintLists: [], tags: {} };
}
