/** `https://route53.amazonaws.com` as an instance reaches it: records that prove a name, for its own credentials, if its role's policies allow it. */
import type { IncomingMessage, RequestListener } from "node:http";
import { ACCOUNT } from "./aws-account.ts";
import { mayDo } from "./aws-iam.ts";
import type { Context } from "./aws-policies.ts";
import { RECORD, ZONE } from "./aws-route53.ts";
import { type Credentials, roleOf } from "./instance-metadata.ts";
import { isSigned, sha256 } from "./signature.ts";
import { list, text, type Values } from "./values.ts";
import type { World } from "./world.ts";

export const ZONES = "route53.amazonaws.com";

class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const dotted = (name: unknown) => `${text(name).replace(/\.$/, "")}.`;
const undotted = (name: string) => name.replace(/\.$/, "");
const element = (body: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? "";
/** Quotes come as one of XML's two ways to write them. */
const valuesOf = (body: string) => [...body.matchAll(/<Value>(?:&quot;|&#34;)([^<&]*)(?:&quot;|&#34;)<\/Value>/g)].map(([, value]) => value!);

const CHANGE = "C0123456789ABCDEFGHIJ";
const done = (element: string) =>
  `<${element}><ChangeInfo><Id>/change/${CHANGE}</Id><Status>INSYNC</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></${element}>`;

const recordId = (zone: string, name: string) => `${zone}_${name}_TXT`;

/** What it answers; `may` throws where the role is not allowed to. */
function answer(world: World, request: IncomingMessage, body: string, may: (action: string, resource: string, context?: Context) => void): string {
  const url = new URL(request.url ?? "/", `https://${ZONES}`);
  const [, kind = "", id = "", records] = /^\/2013-04-01\/(hostedzonesbyname|hostedzone|change)(?:\/([A-Z0-9]+))?(\/rrset)?\/?$/.exec(url.pathname) ?? [];
  const asked = `${request.method} ${kind}${records ?? ""}`;
  if (asked === "GET hostedzonesbyname") {
    may("route53:ListHostedZonesByName", "*");
    const all = world.all(ZONE).map(({ id, name }) => `<HostedZone><Id>/hostedzone/${text(id)}</Id><Name>${dotted(name)}</Name><CallerReference>test</CallerReference><Config><PrivateZone>false</PrivateZone></Config></HostedZone>`); // prettier-ignore
    return `<ListHostedZonesByNameResponse><HostedZones>${all.join("")}</HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesByNameResponse>`;
  }
  if (asked === "GET change") {
    may("route53:GetChange", `arn:aws:route53:::change/${id}`);
    return done("GetChangeResponse");
  }
  const zone = `arn:aws:route53:::hostedzone/${id}`;
  if (asked === "GET hostedzone/rrset") {
    may("route53:ListResourceRecordSets", zone);
    const record = world.get(RECORD, recordId(id, undotted(url.searchParams.get("name") ?? "")));
    const values = list(record?.["records"]).map((one) => `<ResourceRecord><Value>"${text(one)}"</Value></ResourceRecord>`);
    const set = record && `<ResourceRecordSet><Name>${dotted(record["fqdn"])}</Name><Type>TXT</Type><TTL>10</TTL><ResourceRecords>${values.join("")}</ResourceRecords></ResourceRecordSet>`; // prettier-ignore
    return `<ListResourceRecordSetsResponse><ResourceRecordSets>${set ?? ""}</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>`;
  }
  if (asked !== "POST hostedzone/rrset") throw new Refused("NotImplemented", `the doubles do not know ${request.method} ${url.pathname}`);
  const [name, type] = [undotted(element(body, "Name")).toLowerCase(), element(body, "Type")];
  may("route53:ChangeResourceRecordSets", zone, {
    "route53:ChangeResourceRecordSetsRecordTypes": type,
    "route53:ChangeResourceRecordSetsNormalizedRecordNames": name,
  });
  if (element(body, "Action") === "DELETE") world.remove(RECORD, recordId(id, name));
  else world.put(RECORD, recordId(id, name), { zoneId: id, name, fqdn: name, type, ttl: 10, records: valuesOf(body) });
  return done("ChangeResourceRecordSetsResponse");
}

export function zoneEndpoint(id: string, instance: () => Values, world: World, credentials: Credentials): RequestListener {
  return (request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => (body += part));
    request.on("end", () => {
      const say = (status: number, told: string) => response.writeHead(status, { "content-type": "text/xml" }).end(`<?xml version="1.0"?>\n${told}`);
      const role = roleOf(world, instance());
      const may = (action: string, resource: string, context: Context = {}) => {
        if (!mayDo(world, role, action, resource, context))
          throw new Refused(
            "AccessDenied",
            `User: arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${id} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
          );
      };
      try {
        if (!isSigned(request, "route53", sha256(body), credentials))
          throw new Refused("InvalidClientTokenId", "The security token included in the request is invalid.");
        say(200, answer(world, request, body, may));
      } catch (error) {
        const code = error instanceof Refused ? error.code : "InternalError";
        say(error instanceof Refused ? 403 : 500, `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${(error as Error).message}</Message></Error></ErrorResponse>`); // prettier-ignore
      }
    });
  };
}
