/** What a pull request's run asks of the server and says below the pull request, by the scripts as they stand in the file. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { reviewRequestSchema } from "../../release/review.ts";
import { workflowFiles } from "../../workflows/index.ts";
import { REVIEWED } from "./options.ts";
import { runScript, script } from "./scripts.ts";

const files = workflowFiles(REVIEWED);
const step = (job: string, name: string) => script(files, "review.yml", job, name);
const DIGEST = `sha256:${"a".repeat(64)}`;
const SERVER = { ADDRESS: "server.example", PORT: "2222", SERVER_USER: "recoloca", NUMBER: "7" };
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

test("the key is the runner's alone, and the server is known by its key", () => {
  const { code, said } = runScript(
    `${step("open", "The way to the server")}\nstat -c %a "$RUNNER_TEMP/review.key"; cat "$RUNNER_TEMP/review.known" "$RUNNER_TEMP/review.key"`,
    {
      env: { ADDRESS: "server.example", PORT: "2222", HOST_KEY: "ssh-ed25519 AAAA", KEY: "-----KEY-----\nabc" },
    },
  );
  expect([code, said]).toEqual([0, "600\n[server.example]:2222 ssh-ed25519 AAAA\n-----KEY-----\nabc\n"]);
});

describe("what is asked", () => {
  const asked = (ssh: string) =>
    runScript(step("open", "Open it"), {
      env: {
        ...SERVER,
        COMPOSE: "compose.yaml",
        COMMIT,
        ACTOR: "ana",
        RUN: "https://github.com/a/b/actions/runs/7",
        BACKEND: `ghcr.io/recoloca/backend@${DIGEST}`,
        FRONTEND: `ghcr.io/recoloca/frontend@${DIGEST}`,
      },
      files: { "compose.yaml": "services:\n  backend: { image: x }\n" },
      programs: { ssh },
    });
  test("is understood by the server: the pull request's own Compose file, and every service's image by digest", () => {
    const { code, folder } = asked(`echo "$@" > "$PWD/words"; cat > "$PWD/request.json"; echo " #7 is at https://pr-7.example"`);
    expect(code).toBe(0);
    expect(fs.readFileSync(path.join(folder, "words"), "utf8").trim()).toMatch(/-p 2222 recoloca@server\.example open$/);
    const request = reviewRequestSchema.parse(JSON.parse(fs.readFileSync(path.join(folder, "request.json"), "utf8")));
    expect(request).toMatchObject({
      number: 7,
      release: "pr-7-0123456789ab",
      compose: "services:\n  backend: { image: x }\n",
      provenance: { commit: COMMIT, actor: "ana" },
    });
    expect(Object.keys(request.images).sort()).toEqual(["backend", "frontend", "worker"]);
  });
  test("fails with the server's own code", () => expect(asked("cat > /dev/null; echo refused; exit 20").code).toBe(20));
});

describe("the comment", () => {
  const gh = (found: string) =>
    `case "$*" in *--jq*) printf '${found}' ;; *) echo "$@" >> "$PWD/calls"; cp "$RUNNER_TEMP/comment.md" "$PWD/comment.md" ;; esac`;
  const said = (server: string, opened: string, found = "") =>
    runScript(`printf '%s' "$SAID" > "$RUNNER_TEMP/said.txt"\n${step("open", "Say where it is")}`, {
      env: { GITHUB_REPOSITORY: "recoloca/recoloca", NUMBER: "7", OPENED: opened, COMMIT, SAID: server },
      programs: { gh: gh(found) },
    });
  const read = (folder: string, file: string) => fs.readFileSync(path.join(folder, file), "utf8");
  const LINE = " released\n #7 is at https://pr-7.staging.recoloca.ai, until 2026-12-01\n its database was seeded\n";

  test("says where it is and until when, once", () => {
    const { code, folder, summary } = said(LINE, "success");
    expect(code).toBe(0);
    expect(read(folder, "comment.md")).toBe(
      "<!-- recoloca review -->\n### Environment of this pull request\n\n#7 is at https://pr-7.staging.recoloca.ai, until 2026-12-01 (of 0123456)\n",
    );
    expect(read(folder, "calls")).toContain("--method POST repos/recoloca/recoloca/issues/7/comments");
    expect(summary).toContain("#7 is at");
  });
  test("is changed in its place", () => {
    expect(read(said(LINE, "success", "11\\n12\\n").folder, "calls")).toContain("--method PATCH repos/recoloca/recoloca/issues/comments/11");
  });
  test("says why there is none, in the server's own words", () => {
    expect(read(said(" refused: 2 are open already\n", "failure").folder, "comment.md")).toContain(
      "### No environment for 0123456\n\n```\n refused: 2 are open already\n```",
    );
    expect(read(said("", "failure").folder, "comment.md")).toContain("the server did not answer");
  });
  test("goes with the environment", () => {
    const { code, folder } = runScript(step("close", "Remove the comment"), {
      env: { GITHUB_REPOSITORY: "recoloca/recoloca", NUMBER: "7" },
      programs: { gh: `case "$*" in *--jq*) printf '11\\n' ;; *) echo "$@" >> "$PWD/calls" ;; esac` },
    });
    expect(code).toBe(0);
    expect(read(folder, "calls").trim()).toBe("api --silent --method DELETE repos/recoloca/recoloca/issues/comments/11");
  });
  test("closing asks for that number alone", () => {
    const { folder } = runScript(step("close", "Close it"), { env: SERVER, programs: { ssh: `echo "\${@: -1}" > "$PWD/words"` } });
    expect(read(folder, "words").trim()).toBe("close 7");
  });
});
