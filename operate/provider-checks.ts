/** Whether a provider takes a new value, by a call that changes nothing there. */
import { githubBase } from "./rest.ts";
import type { SecretName } from "../secrets/catalogue.ts";

interface Call {
  readonly provider: string;
  /** Or a path at GitHub. */
  readonly url: string;
  readonly headers: (value: string) => Record<string, string>;
  /** What a good one gets as well, that may do what it is for and not this. */
  readonly unclear?: number;
}

/** Each reads, and may be made as often as anybody wants. */
const CALLS: Readonly<Partial<Record<SecretName, Call>>> = {
  STRIPE_SECRET_KEY: { provider: "Stripe", url: "https://api.stripe.com/v1/balance", headers: (value) => ({ authorization: `Bearer ${value}` }) },
  GEMINI_API_KEY: {
    provider: "Google",
    url: "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1",
    headers: (value) => ({ "x-goog-api-key": value }),
    // Of a key for some addresses or callers alone.
    unclear: 403,
  },
  githubToken: { provider: "GitHub", url: "/rate_limit", headers: (value) => ({ authorization: `Bearer ${value}` }) },
  SEMGREP_APP_TOKEN: {
    provider: "Semgrep",
    url: "https://semgrep.dev/api/v1/deployments",
    headers: (value) => ({ authorization: `Bearer ${value}` }),
    // Of one for scans alone.
    unclear: 404,
  },
};

export type Verdict = { readonly how: "taken" | "not-asked" } | { readonly how: "refused" | "silent"; readonly says: string };

/** `ask`: as `fetch`. A provider that does not answer proves nothing either way. */
export async function askProvider(name: SecretName, value: string, ask: typeof fetch = fetch): Promise<Verdict> {
  const call = CALLS[name];
  if (!call) return { how: "not-asked" };
  try {
    const answer = await ask(call.url.startsWith("/") ? `${githubBase()}${call.url}` : call.url, {
      headers: call.headers(value),
      redirect: "error",
      signal: AbortSignal.timeout(20_000),
    });
    await answer.body?.cancel();
    if (answer.ok) return { how: "taken" };
    if (answer.status === call.unclear) return { how: "not-asked" };
    // A restricted key may not read this, and is a good one all the same; a wrong one is not known at all.
    if (answer.status === 403 && name === "STRIPE_SECRET_KEY") return { how: "taken" };
    if (answer.status === 401 || answer.status === 403 || answer.status === 400)
      return { how: "refused", says: `${call.provider} refuses it (${answer.status})` };
    return { how: "silent", says: `${call.provider} answers with ${answer.status}` };
  } catch (error) {
    return { how: "silent", says: `${call.provider} does not answer: ${(error as Error).name}` };
  }
}
