/** What a preview would do, as the rows say it. Pure. */

export interface Step {
  readonly op: string;
  readonly urn: string;
  readonly oldState?: State;
  readonly newState?: State;
}
interface State {
  readonly type: string;
  readonly custom: boolean;
  readonly protect?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

const SIGNS: Readonly<Record<string, string>> = { update: "~", create: "+", delete: "-", replace: "±" };
/** What has no outside: a value that the stack remembers, a way to speak to somebody. */
const INWARD = /^pulumi:/;

const nameOf = (urn: string) => urn.split("::").at(-1)!;

/** A command by what it is for; all else by its type. */
const kindOf = (type: string, urn: string) =>
  type === "command:remote:Command" ? nameOf(urn).replace(/^[a-z-]+-release$/, "release") : type.split(":").at(-1)!;

/** Another one is another release. */
const attemptOf = (state: State | undefined) => /--attempt (\S+)/.exec(String(state?.inputs?.["create"]))?.[1];

export function effects(steps: readonly Step[]): string[] {
  const found = steps.flatMap(({ op, urn, oldState, newState }) => {
    const state = newState ?? oldState;
    const sign = SIGNS[op];
    if (!state?.custom || sign === undefined || INWARD.test(state.type)) return [];
    const kind = kindOf(state.type, urn);
    return kind === "release" && sign === "~" && attemptOf(oldState) !== attemptOf(newState) ? ["rolls"] : [`${sign} ${kind}`];
  });
  return [...new Set(found)].sort();
}

/** What holds data, or is the way to it. The log's own key goes with the log. */
const GUARDED = /^(aws:ebs\/volume|aws:s3\/bucket|aws:ec2\/eip|aws:ssm\/parameter|aws:kms\/key|tls:index\/privateKey):/;
const AFTER_THE_LOG = /aws:kms\/key:Key::[a-z-]+-log$|tls:index\/privateKey:PrivateKey::review-key$/;
const GOES = /^(delete|replace|delete-replaced|create-replacement|discard)$/;

/** Of what may never go, what would. */
export const lost = (steps: readonly Step[]): string[] =>
  steps
    .filter(({ op, oldState, newState, urn }) => GOES.test(op) && GUARDED.test((newState ?? oldState)?.type ?? "") && !AFTER_THE_LOG.test(urn))
    .map(({ op, urn }) => `${op} ${urn}`);
