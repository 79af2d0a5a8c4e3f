import * as fs from "node:fs";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { givenTurn, leftOut, TURNS } from "./test/turns.ts";

/** Of those that take minutes; whatever is not here comes after them. */
const LONGEST = ["engine/staging.test.ts", "ssh/changed-settings.test.ts", "server/maintenance.test.ts", "server/bucket.test.ts", ...TURNS.flat()];
const place = ({ moduleId }: TestSpecification) => LONGEST.findIndex((name) => moduleId.endsWith(name)) + 1 || LONGEST.length + 1;

/** With two files at a time, one that begins last and takes longest would run alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

/** GitHub's libraries come with maps of sources that they come without: a warning for each of their files. */
const withoutMaps = {
  name: "without-maps",
  load: (id: string) => (/\/node_modules\/@actions\/.*\.js$/.test(id) ? fs.readFileSync(id, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "") : undefined),
};

const TEMPORARY = "./test/temporary-folder.ts";

const exclude = [...configDefaults.exclude, ...leftOut(givenTurn()).map((file) => `test/${file}`)];

/** Each of the two has a server of its own (local/site.ts). */
const real = { exclude, testTimeout: 300_000, hookTimeout: 900_000, globalSetup: [TEMPORARY, "./test/site.ts"] };

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    coverage: { provider: "v8", reporter: ["text"], include: ["{release,settings,components,server,workflows,review}/**/*.ts"] },
    projects: [
      { extends: true, test: { name: "unit", testTimeout: 60_000, hookTimeout: 60_000, globalSetup: TEMPORARY, include: ["test/unit/**/*.test.ts"] } },
      // GitHub's libraries import JSON the way that only a bundler understands.
      {
        extends: true,
        plugins: [withoutMaps],
        test: {
          name: "workflows",
          globalSetup: [TEMPORARY, "./test/workflows/set-up.ts"],
          include: ["test/workflows/**/*.test.ts"],
          testTimeout: 120_000,
          server: { deps: { inline: [/@actions\//] } },
        },
      },
      // Real SSH servers of its own, and no Docker.
      {
        extends: true,
        test: {
          name: "ssh",
          globalSetup: [TEMPORARY, "./test/ssh/set-up.ts"],
          include: ["test/ssh/**/*.test.ts"],
          exclude,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { extends: true, test: { name: "engine", include: ["test/engine/**/*.test.ts"], ...real } },
      { extends: true, test: { name: "server", include: ["test/server/**/*.test.ts"], ...real } },
      { extends: true, test: { name: "chaos", include: ["test/chaos/**/*.test.ts"], ...real } },
      { extends: true, test: { name: "journeys", include: ["test/journeys/**/*.test.ts"], ...real } },
    ],
  },
});
