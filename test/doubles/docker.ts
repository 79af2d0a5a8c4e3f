/** @pulumi/docker as a double: the one function that a program needs without an engine. It asks the registry that the image names. */
import * as http from "node:http";
import * as https from "node:https";
import type { Package, Place } from "./kinds.ts";
import { isRecord, list, text, type Values } from "./values.ts";

const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
].join(", "); // prettier-ignore

interface Image {
  readonly registry: string;
  readonly repository: string;
  readonly reference: string;
}

function parse(name: string): Image {
  const [whole = "", digest] = name.split("@");
  const [first = "", ...rest] = whole.split("/");
  const isHost = rest.length > 0 && /[.:]|^localhost$/.test(first);
  const path = isHost ? rest.join("/") : rest.length > 0 ? whole : `library/${whole}`;
  const [repository = "", tag = "latest"] = path.split(":");
  return { registry: isHost ? first : "registry-1.docker.io", repository, reference: digest ?? tag };
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

const ask = (url: string, method: string, headers: http.OutgoingHttpHeaders, insecure: boolean) =>
  new Promise<Answer>((done, fail) => {
    const request = (url.startsWith("http:") ? http : https).request(url, { method, headers, rejectUnauthorized: !insecure }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (part: string) => (body += part));
      response.on("end", () => done({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on("error", fail).end();
  });

/** The login for a registry, as the header that it gets. */
function login(config: Values, registry: string): string | undefined {
  const host = (address: string) => address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  const auth = list(config["registryAuth"]).filter(isRecord).find((one) => host(text(one["address"])) === registry); // prettier-ignore
  if (!auth || auth["username"] === undefined) return undefined;
  return `Basic ${Buffer.from(`${text(auth["username"])}:${text(auth["password"])}`).toString("base64")}`;
}

/** What a registry wants instead of the login itself: a token from its realm. */
async function token(challenge: string, basic: string | undefined, insecure: boolean): Promise<string | undefined> {
  const parts = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value] as const));
  const realm = parts.get("realm");
  if (!/^bearer /i.test(challenge) || realm === undefined) return undefined;
  const query = new URLSearchParams({ service: parts.get("service") ?? "", scope: parts.get("scope") ?? "" });
  const { status, body } = await ask(`${realm}?${query.toString()}`, "GET", basic ? { authorization: basic } : {}, insecure);
  if (status !== 200) return undefined;
  const found = JSON.parse(body) as { token?: string; access_token?: string };
  return `Bearer ${found.token ?? found.access_token}`;
}

async function getRegistryImage(args: Values, { config }: Place): Promise<Values> {
  const name = text(args["name"]);
  const insecure = args["insecureSkipVerify"] === true;
  const { registry, repository, reference } = parse(name);
  const url = `https://${registry}/v2/${repository}/manifests/${reference}`;
  const basic = login(config, registry);
  const failed = (why: string) => new Error(`Got error when attempting to fetch image version ${repository}:${reference} from registry: ${why}`);
  const head = (authorization: string | undefined) =>
    ask(url, "HEAD", { accept: MANIFESTS, ...(authorization && { authorization }) }, insecure).catch((error: Error) => {
      throw failed(`Error during registry request: ${error.message}`);
    });
  let answer = await head(basic);
  if (answer.status === 401) {
    const bearer = await token(answer.headers["www-authenticate"] ?? "", basic, insecure);
    if (bearer) answer = await head(bearer);
  }
  if (answer.status !== 200) throw failed(`Got bad response from registry: ${answer.status} ${http.STATUS_CODES[answer.status] ?? ""}`.trim());
  const digest = answer.headers["docker-content-digest"];
  return { id: digest, sha256Digest: digest };
}

export const docker: Package = { name: "docker", kinds: {}, lookups: { "docker:index/getRegistryImage:getRegistryImage": getRegistryImage } };
