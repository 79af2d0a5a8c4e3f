/** What is said of a comparison with GitHub: something that is not as it should be, or something that this token may not read. */
import type * as z from "zod";
import { rightsSaid } from "../../components/github-rights.ts";
import { Unanswered, type Answer, type Ask } from "../rest.ts";

export interface Finding {
  /** What is, and what should be. */
  readonly what: string;
  readonly fix: string;
}
/** Nothing is known of the thing itself. */
export interface Unread {
  readonly unread: string;
  /** What would read it: `Administration: read`. */
  readonly right: string;
}
/** What nobody answers whom a token of a repository is given to, and where a person sees it. */
export interface Look {
  readonly look: string;
}
export type Told = Finding | Unread | Look;

/** Where Pulumi sees that something was changed. */
export const UP = "pulumi up --refresh, after a look at who changed it";

/** `what`: `environments`; `right`: in case GitHub does not say by itself which it wants. */
export function unread(what: string, { scopes, accepted }: Pick<Answer, "scopes" | "accepted">, right: string): Unread {
  if (scopes !== undefined)
    return { unread: what, right: scopes.split(/,\s*/).includes("repo") ? "an owner who administers the repository" : 'the scope "repo"' };
  return { unread: what, right: accepted !== undefined ? rightsSaid(accepted) : right };
}

/** What GitHub answers where it is read, or what keeps the token from it. Throws `Unanswered` where it is no answer of GitHub's. */
export async function read<T extends z.ZodType>(
  ask: Ask,
  path: string,
  form: T,
  [what, right]: readonly [what: string, right: string],
  pages: "all" | "first" = "all",
): Promise<{ readonly value: z.output<T> } | { readonly value: undefined; readonly told: Unread[] }> {
  const answer = await ask(path, pages);
  if (answer.status !== 200) return { value: undefined, told: [unread(what, answer, right)] };
  const { data, success } = form.safeParse(answer.body);
  if (!success)
    throw new Unanswered(`the answer for ${path} is none that this program knows; is GITHUB_BASE_URL right, or is something between here and GitHub?`);
  return { value: data };
}

/** A property as GitHub's REST interface has it: `allowMergeCommit` is `allow_merge_commit` there. */
export const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

type Plain = string | number | boolean | null | readonly string[];
const said = (value: unknown): string => (Array.isArray(value) ? (value.length === 0 ? "nothing" : [...(value as string[])].sort().join(", ")) : String(value));

/** Fields of the provider's, held against GitHub's. Lists are in no order. `label`: `merge settings`; `right`: with which GitHub shows all of them. */
export function differences(label: string, wanted: Readonly<Record<string, Plain>>, found: Readonly<Record<string, unknown>>, right: string): Told[] {
  const hidden = Object.keys(wanted).filter((name) => found[snake(name)] === undefined);
  if (hidden.length === Object.keys(wanted).length) return hidden.length === 0 ? [] : [{ unread: label, right }];
  return Object.entries(wanted).flatMap(([name, value]): Told[] => {
    const key = snake(name);
    if (hidden.includes(name)) return [{ unread: `${label}: ${key}`, right }];
    return said(found[key]) === said(value) ? [] : [{ what: `${label}: ${key} is ${said(found[key])}, should be ${said(value)}`, fix: UP }];
  });
}

/** What is not there, of what should be. */
export const missing = (wanted: readonly string[], there: readonly string[]) => wanted.filter((one) => !there.includes(one));
