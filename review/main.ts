/** Run by the workflow Infrastructure: `node review/main.ts PREVIEW.json PREVIEW.log` keeps the stack's comment below the pull request, and prints it. */
import * as fs from "node:fs";
import { block, markOf, type Where } from "./block.ts";
import { readPreview, type Preview } from "./preview.ts";
import { keepComment, type Ask } from "./pull-request.ts";

const github =
  (api: string, repository: string, token: string): Ask =>
  async (method, path, body) => {
    const answer = await fetch(`${api}/repos/${repository}/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, accept: "application/vnd.github+json", ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    if (!answer.ok) throw new Error(`GitHub answered ${answer.status} to ${method} ${path}: may the token write to pull requests?`);
    return answer.status === 204 ? undefined : answer.json();
  };

/** A preview that ended before it had anything to say for itself has said why on the other stream. */
function previewOf(json: string, log: string): Preview {
  try {
    return readPreview(fs.readFileSync(json, "utf8"));
  } catch {
    const last = fs.existsSync(log) ? fs.readFileSync(log, "utf8").trim().split("\n").slice(-20) : [];
    return { changes: [], stay: 0, release: [], warnings: [], errors: [last.join("\n") || "the preview said nothing"] };
  }
}

const WANTED = ["STACK", "PULL_REQUEST", "COMMIT", "RUN", "GITHUB_REPOSITORY", "GITHUB_TOKEN"] as const;

async function main(): Promise<number> {
  const [json, log] = process.argv.slice(2);
  const missing = WANTED.filter((name) => !process.env[name]);
  if (json === undefined || log === undefined || missing.length > 0)
    throw new Error(`wants PREVIEW.json, PREVIEW.log and in the environment ${WANTED.join(", ")}; missing: ${missing.join(", ") || "a file"}`);
  const given = Object.fromEntries(WANTED.map((name) => [name, process.env[name]!])) as Record<(typeof WANTED)[number], string>;
  const where: Where = { stack: given.STACK, commit: given.COMMIT, run: given.RUN };
  const preview = previewOf(json, log);
  const text = block(preview, where);
  const api = process.env["GITHUB_API_URL"] ?? "https://api.github.com";
  const ask = github(api, given.GITHUB_REPOSITORY, given.GITHUB_TOKEN);
  const done = await keepComment(ask, { pullRequest: Number(given.PULL_REQUEST), mark: markOf(where.stack) }, text);
  process.stderr.write(`comment: ${done}\n`);
  process.stdout.write(text ?? `### Preview of ${where.stack}: nothing changes\n`);
  return preview.errors.length > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename)
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(`error: ${(error as Error).message}\n`);
      process.exitCode = 1;
    },
  );
