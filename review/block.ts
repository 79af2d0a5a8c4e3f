/** What a reviewer reads below a pull request: what rolls, what stays, what changes around it, and what to be careful about. Pure. */
import type { Change, Does, Preview } from "./preview.ts";
import { MARKS, risksOf, shortType } from "./risks.ts";

export interface Where {
  readonly stack: string;
  /** Commit of the pull request, whole. */
  readonly commit: string;
  /** URL of the run. */
  readonly run: string;
}

/** Lines of infrastructure that stand in the open; more of them are folded. */
const OPEN_LINES = 15;
/** All of these together are less than the 65,536 characters that GitHub takes of a comment. */
const MOST_LINES = 200;
const MOST_RISKS = 40;
const WIDTH = 160;
const MOST_PROPERTIES = 6;
/** Of warnings or errors. */
const MOST_TEXT_LINES = 40;
const TEXT_WIDTH = 400;

/** First in the comment, and how it is found again. */
export const markOf = (stack: string) => `<!-- recoloca: preview of ${stack} -->`;

/** Undefined: nothing changes, so there is nothing to say. */
export function block(preview: Preview, where: Where): string | undefined {
  const { changes, release, warnings, errors, stay } = preview;
  const end = `${where.commit.slice(0, 7)}, [the whole run](${where.run})`;
  const whole = (title: string, ...parts: readonly string[]) => [markOf(where.stack), `### Preview of ${where.stack}: ${title}`, ...parts, end].join("\n\n");
  if (errors.length > 0) return `${whole("failed, and so would the update", fenced(text(errors), { width: TEXT_WIDTH }))}\n`;
  if (changes.length === 0 && release.length === 0) return undefined;
  const risks = risksOf(preview);
  const marks = MARKS.filter((mark) => risks.some((one) => one.mark === mark) || (mark === "replacement" && changes.some(({ does }) => does === "replaced")));
  const counted = changes.length === 0 ? "no infrastructure changes" : count(changes);
  return `${whole(
    [...(release.length > 0 ? ["a release rolls"] : []), counted, ...(stay > 0 ? [`${stay} stay`] : [])].join(", "),
    ...(risks.length > 0
      ? [
          `:warning: **${marks.join(", ")}**`,
          fenced(
            limited(
              risks.map(({ mark, says }) => `${mark.padEnd(13)}${says}`),
              MOST_RISKS,
            ),
          ),
        ]
      : []),
    ...(release.length > 0 ? [fenced(release)] : []),
    ...(changes.length > 0 ? [listed(changes)] : []),
    ...(warnings.length > 0 ? [fenced(text(warnings), { width: TEXT_WIDTH })] : []),
  )}\n`;
}

const SIGNS: Record<Does, string> = { created: "+", updated: "~", replaced: "!", deleted: "-", imported: "+" };
const ORDER: readonly Does[] = ["replaced", "deleted", "updated", "created", "imported"];

const count = (changes: readonly Change[]) =>
  ORDER.flatMap((does) => {
    const number = changes.filter((one) => one.does === does).length;
    return number > 0 ? [`${number} ${does}`] : [];
  }).join(", ");

function listed(changes: readonly Change[]): string {
  const sorted = ORDER.flatMap((does) => changes.filter((one) => one.does === does));
  const wide = (of: (one: Change) => string) => Math.min(60, Math.max(...sorted.map((one) => of(one).length)));
  const [types, names] = [wide(({ type }) => shortType(type)), wide(({ name }) => name)];
  const rows = sorted.map(({ does, type, name, properties }) =>
    `${SIGNS[does]} ${does.padEnd(9)} ${shortType(type).padEnd(types)}  ${name.padEnd(names)}  ${some(properties)}`.trimEnd(),
  );
  const list = fenced(limited(rows, MOST_LINES), { kind: "diff" });
  return rows.length <= OPEN_LINES ? list : `<details><summary>${rows.length} changes of infrastructure</summary>\n\n${list}\n\n</details>`;
}

function some(properties: readonly string[]): string {
  const rest = properties.length - MOST_PROPERTIES;
  return rest > 0 ? `${properties.slice(0, MOST_PROPERTIES).join(", ")} and ${rest} more` : properties.join(", ");
}

const limited = (rows: readonly string[], most: number) =>
  rows.length <= most ? rows : [...rows.slice(0, most), `… and ${rows.length - most} more, which the run has`];

/** Their first lines, where the reason is. */
const text = (messages: readonly string[]) =>
  limited(
    messages.flatMap((one) => one.split("\n")),
    MOST_TEXT_LINES,
  );

/** Names and messages come from the pull request: inside a fence that they cannot end, nothing of them is a link, a picture or a mention. */
function fenced(lines: readonly string[], { kind = "", width = WIDTH } = {}): string {
  const text = lines.map((line) => (line.length <= width ? line : `${line.slice(0, width)}…`)).join("\n");
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${kind}\n${text}\n${fence}`;
}
