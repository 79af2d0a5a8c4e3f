import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";

const root = path.join(import.meta.dirname, "../..");

/** Who may know whom: the table of the design, walked. */
const MAY: Record<string, readonly string[]> = {
  "start.ts": ["components", "index.ts"],
  "index.ts": ["settings", "components", "aws.ts", "github.ts", "previews.ts"],
  "aws.ts": ["settings", "components"],
  "github.ts": ["settings", "components"],
  "previews.ts": ["settings", "components"],
  settings: ["release", "secrets", "workflows"],
  components: ["release", "secrets", "workflows"],
  secrets: [],
  workflows: ["secrets"],
  metrics: [],
  review: [],
  release: [],
  server: ["release"],
  tools: [],
  local: ["tools", "release"],
  operate: ["settings", "components", "secrets", "workflows", "release", "local", "tools"],
  benchmark: ["local", "tools", "release", "test"],
};
const NEVER: Record<string, RegExp> = { secrets: /@|^ssh2/, workflows: /^(@|ssh2)/, release: /^(@pulumi|ssh2)/, server: /^(@pulumi|ssh2)/, tools: /^$/ };

const files = (folder: string): string[] =>
  fs.statSync(path.join(root, folder)).isFile()
    ? [folder]
    : fs
        .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => path.join(folder, name));

const found = (file: string, pattern: RegExp) => [...fs.readFileSync(path.join(root, file), "utf8").matchAll(pattern)].map((match) => match[1]!);
const imports = (file: string) => found(file, /(?:from |import\(|^import )"([^"]+)"/gm);

/** Files of ours that are there before it runs itself: neither for their types alone, nor when something asks for them. */
const before = (file: string) =>
  found(file, /^(?:import (?!type )(?:[^;"]* from )?|export (?:\*|\{[^}]*\}) from )"(\.[^"]+)"/gm).map((to) => path.join(path.dirname(file), to));

test.each(Object.keys(MAY))("%s imports only what it may know", (place) => {
  const wrong = files(place).flatMap((file) =>
    imports(file).flatMap((to) => {
      if (!to.startsWith(".")) return NEVER[place]?.test(to) ? [`${file} → ${to}`] : [];
      const target = path.relative(root, path.resolve(root, path.dirname(file), to)).split(path.sep)[0]!;
      return target === place || MAY[place]!.includes(target) ? [] : [`${file} → ${to}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test("no file waits for itself to be there", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, way: readonly string[]) => {
    if (way.includes(file)) return void circles.push([...way.slice(way.indexOf(file)), file].join(" → "));
    if (done.has(file)) return;
    for (const next of before(file)) walk(next, [...way, file]);
    done.add(file);
  };
  for (const file of Object.keys(MAY).flatMap(files)) walk(file, []);
  expect(circles).toEqual([]);
  expect(done.size).toBeGreaterThan(300);
});

test("components know nothing of each other's insides", () => {
  const noun = (file: string) => file.split(path.sep)[1]!;
  const wrong = files("components").flatMap((file) =>
    imports(file).flatMap((to) => {
      const target = path.normalize(path.join(path.dirname(file), to));
      const shared = target.split(path.sep).length === 2;
      return to.startsWith(".") && target.startsWith("components/") && !shared && noun(target) !== noun(file) ? [`${file} → ${to}`] : [];
    }),
  );
  expect(wrong).toEqual([]);
});

test("no file is called after nothing in particular, and few are long", () => {
  const all = Object.keys(MAY).flatMap(files);
  expect(all.filter((file) => /(utils?|helpers?|common|misc)\b/.test(file))).toEqual([]);
  expect(all.filter((file) => fs.readFileSync(path.join(root, file), "utf8").split("\n").length > 300)).toEqual([]);
});
