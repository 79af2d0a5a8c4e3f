/** An interface over HTTP: what there is, by GET and all pages of a list; what it is told, by POST; and one line where there is no answer to judge. */

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Of a classic token of GitHub's: `repo, workflow`. */
  readonly scopes?: string;
  /** What GitHub says that a fine-grained token wants for this: `administration=read`. */
  readonly accepted?: string;
}
/** Of a path: `/repos/recoloca/recoloca/environments`. `pages`: of a list the first is enough, or all are wanted. @default "all". Throws `Unanswered`. */
export type Ask = (path: string, pages?: "all" | "first") => Promise<Answer>;
/** Sends a body of JSON to a path. Throws `Unanswered`. */
export type Tell = (path: string, body: object) => Promise<Answer>;

/** Nothing can be said of what was asked for: the network, a limit, the service's own trouble. The message is one line, with the way out. */
export class Unanswered extends Error {}

const SECONDS = 20;

/** Of GitHub's API: its own, or an enterprise's. */
export const githubBase = () => (process.env["GITHUB_BASE_URL"] ?? "https://api.github.com").replace(/\/$/, "");

export interface Service {
  /** `GitHub`. */
  readonly name: string;
  /** `https://api.github.com`. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What asks for the longest pages, where lists have any: `per_page=100`. */
  readonly page?: string;
  /** Where the service says how it is. */
  readonly status: string;
}

async function got({ name, base, headers, status }: Service, url: string, sent?: object): Promise<Response> {
  const what = sent === undefined ? { method: "GET" } : { method: "POST", body: JSON.stringify(sent) };
  const answer = await fetch(url, { ...what, headers, signal: AbortSignal.timeout(SECONDS * 1000) }).catch((error: Error): never => {
    if (error.name === "TimeoutError") throw new Unanswered(`${name} does not answer within ${SECONDS} s at ${base}; the same command again later`);
    const { cause } = error as { cause?: { code?: string; message?: string } };
    throw new Unanswered(
      `${name} cannot be reached at ${base}: ${cause?.code ?? cause?.message ?? error.message}; is the network there, and a proxy's address right?`,
    );
  });
  if (answer.status >= 500)
    throw new Unanswered(`${name} answers ${answer.status} for ${new URL(url).pathname}: its own trouble, see ${status}; the same command again later`);
  return answer;
}

/** When a limit of requests ends, as far as the answer says it; undefined where it is none. */
function limited({ status, headers }: Response, body: unknown): string | undefined {
  const message = (body as { message?: unknown } | null)?.message;
  const reached = headers.get("x-ratelimit-remaining") === "0" || headers.has("retry-after") || /rate limit/i.test(typeof message === "string" ? message : "");
  if (status !== 429 && !(status === 403 && reached)) return undefined;
  const [after, reset] = [headers.get("retry-after"), headers.get("x-ratelimit-reset")].map((text) => (text === null ? NaN : Number(text)));
  if (after! > 0) return `in ${after} s`;
  return reset! > 0 ? `at ${new Date(reset! * 1000).toISOString().slice(11, 16)} UTC` : "later";
}

/** Lists are in the answer, or are one of its properties. */
function joined(all: unknown, more: unknown): unknown {
  if (Array.isArray(all) && Array.isArray(more)) return [...(all as unknown[]), ...(more as unknown[])];
  if (typeof all !== "object" || all === null) return more;
  const page = more as Record<string, unknown>;
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, Array.isArray(value) ? joined(value, page[key] ?? []) : value]));
}

async function bodyOf({ name }: Service, answer: Response): Promise<unknown> {
  const body: unknown = await answer.json().catch(() => ({}));
  const until = limited(answer, body);
  if (until !== undefined) throw new Unanswered(`${name}'s limit of requests is reached: the same command again ${until}`);
  return body;
}

export const tellOf =
  (service: Service): Tell =>
  async (path, body) => {
    const answer = await got(service, `${service.base}${path}`, body);
    return { status: answer.status, body: await bodyOf(service, answer) };
  };

export const askOf =
  (service: Service): Ask =>
  async (path, pages = "all") => {
    const { base, page: longest } = service;
    const { origin } = new URL(base);
    const asked = longest === undefined || pages === "first" ? path : `${path}${path.includes("?") ? "&" : "?"}${longest}`;
    let [url, body]: [string | undefined, unknown] = [`${base}${asked}`, undefined];
    for (;;) {
      const answer = await got(service, url);
      const page = await bodyOf(service, answer);
      body = body === undefined ? page : joined(body, page);
      url = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
      // The token goes nowhere else.
      if (pages === "all" && url !== undefined && new URL(url).origin === origin && answer.ok) continue;
      const [scopes, accepted] = ["x-oauth-scopes", "x-accepted-github-permissions"].map((one) => answer.headers.get(one));
      return { status: answer.status, body, ...(scopes && { scopes }), ...(accepted && { accepted }) };
    }
  };
