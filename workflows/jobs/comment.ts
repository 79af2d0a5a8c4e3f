/** One comment of a kind below a pull request, known by a mark in its first line: others of the same bot are left alone. */
import { expression, TOKEN } from "../model.ts";

/** What its scripts read. */
export const COMMENT_ENV = { GH_TOKEN: TOKEN, NUMBER: expression("github.event.pull_request.number") };

/** An HTML comment, which nobody sees: `<!-- recoloca review -->`. */
export const markOf = (kind: string): string => `<!-- recoloca ${kind} -->`;

/** Shell: the ids of those that are there. */
export const commentIds = (kind: string): string =>
  `gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments" --jq '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("${markOf(kind)}"))) | .id'`;

/** Shell: `comment.md` becomes the comment, in its place where there is one. Its first line is the mark. */
export const writeComment = (kind: string): string => `
id="$(${commentIds(kind)} | sed -n 1p)"
if [ -n "$id" ]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field body=@"$RUNNER_TEMP/comment.md"
else
  gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments" --field body=@"$RUNNER_TEMP/comment.md"
fi`;
