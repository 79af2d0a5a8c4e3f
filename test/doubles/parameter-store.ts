/** `https://ssm.REGION.amazonaws.com` as an instance reaches it: parameters, for its own credentials, if its role's policies allow it. */
import { createHash } from "node:crypto";
import type { RequestListener } from "node:http";
import { ACCOUNT } from "./aws-account.ts";
import { mayDo } from "./aws-iam.ts";
import { PARAMETER, parameterArn } from "./aws-keys.ts";
import { type Credentials, roleOf } from "./instance-metadata.ts";
import { isSigned, sha256 } from "./signature.ts";
import { list, text, type Values } from "./values.ts";
import type { World } from "./world.ts";

class Refused extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

interface Asking {
  readonly world: World;
  readonly instance: string;
  readonly role: string;
  readonly region: string;
}

function parameter({ world, instance, role, region }: Asking, name: string, action: string, decrypt: boolean): Values {
  const resource = parameterArn(region, name);
  if (!mayDo(world, role, action, resource))
    throw new Refused(
      "AccessDeniedException",
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${instance} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
    );
  const held = world.get(PARAMETER, name);
  if (!held) throw new Refused("ParameterNotFound", "");
  const encrypted = held["type"] === "SecureString" && !decrypt;
  const value = encrypted ? createHash("sha512").update(text(held["value"])).digest("base64") : held["value"];
  return { Name: name, Type: held["type"], Value: value, Version: held["version"], ARN: resource, DataType: "text" };
}

function answer(asking: Asking, target: string, body: string): Values {
  const args = JSON.parse(body) as Values;
  const decrypt = args["WithDecryption"] === true;
  if (target === "AmazonSSM.GetParameter") return { Parameter: parameter(asking, text(args["Name"]), "ssm:GetParameter", decrypt) };
  if (target !== "AmazonSSM.GetParameters") throw new Refused("UnknownOperationException", target);
  const names = list(args["Names"]).map(text);
  const missing = names.filter((name) => !asking.world.get(PARAMETER, name));
  const there = names.filter((name) => !missing.includes(name));
  return { Parameters: there.map((name) => parameter(asking, name, "ssm:GetParameters", decrypt)), InvalidParameters: missing };
}

export function parameterStore(id: string, instance: () => Values, world: World, credentials: Credentials): RequestListener {
  return (request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => (body += part));
    request.on("end", () => {
      const say = (status: number, told: Values) => response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(told));
      try {
        if (!isSigned(request, "ssm", sha256(body), credentials))
          throw new Refused("UnrecognizedClientException", "The security token included in the request is invalid.");
        const asking = { world, instance: id, role: roleOf(world, instance()), region: text(instance()["region"]) };
        say(200, answer(asking, text(request.headers["x-amz-target"]), body));
      } catch (error) {
        const known = error instanceof Refused;
        say(known ? 400 : 500, { __type: known ? error.type : "InternalServerError", Message: (error as Error).message });
      }
    });
  };
}
