import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { checkTogether, checkValues } from "../../settings/check.ts";
import { unsetVariables } from "../../settings/compose-variables.ts";
import { sayProblems } from "../../settings/problems.ts";
import { reference } from "../../settings/reference.ts";

const good = {
  hostAddress: "shop.example",
  hostKey: "ssh-ed25519 AAAA",
  sshPrivateKey: "MARKER-key",
  secrets: '{"PASSWORD":"MARKER-secret"}',
  routes: '[{"path":"/","service":"web","port":80}]',
};
const encrypted = new Set(["sshPrivateKey", "secrets", "registryPassword"]);
const compose = { path: "compose.yaml", text: "services:\n  web: { image: a, environment: { P: '${PASSWORD}' } }\n" };

function problems(change: Record<string, string | undefined>, file: { path: string; text: string | undefined } = compose): string {
  const values = Object.fromEntries(Object.entries({ ...good, ...change }).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const checked = checkValues({ values, encrypted });
  const registry = ["registryServer", "registryUsername", "registryPassword"].filter((key) => key in values);
  const all = [...checked.problems, ...checkTogether(checked.values, file, { secrets: Object.keys(checked.values.secrets ?? {}), registry })];
  return all.length === 0 ? "" : sayProblems("staging", all);
}

test("a good configuration has no problem, and durations are seconds", () => {
  expect(problems({})).toBe("");
  expect(checkValues({ values: { ...good, watch: "1h30m" }, encrypted }).values.watch).toBe(5400);
});

test("all problems at once, each with its key, what was got, what is allowed and what mends it", () => {
  expect(problems({ hostAddress: undefined, watch: "5 minuts", gates: '[{"name":"api","path":"/health","timout":"5s"}]' })).toBe(
    `stack staging has 3 problems in its configuration; nothing was changed

  recoloca:hostAddress    is missing: host name or address of the server, reached by SSH
                          pulumi config set recoloca:hostAddress staging.recoloca.ai
  recoloca:gates[0].timout  is not known; did you mean "timeout"?
  recoloca:watch          got "5 minuts", wants a duration such as 30s, 5m, 1h30m
                          pulumi config set recoloca:watch 30s
`
      .replace(/^ {2}(recoloca:\S+) +/gm, (_all, key: string) => `  ${key.padEnd(26)}`)
      .replace(/^ {20,}/gm, " ".repeat(28)),
  );
});

test.each([
  ["a misspelt key", { hostAdress: "x" }, 'is not known; did you mean "hostAddress"?'],
  ["a route to a service that is not there", { routes: '[{"path":"/","service":"wbe","port":80}]' }, 'did you mean "web"?'],
  ["a port that is none", { routes: '[{"path":"/","service":"web","port":99999}]' }, "recoloca:routes[0].port"],
  ["a route with a space in its path", { routes: '[{"path":"/a b","service":"web","port":80}]' }, "a space is %20"],
  ["a gate with a letter that no URL has", { gates: '[{"name":"page","path":"/größe"}]' }, "letters without accents"],
  ["a watch that the server would refuse", { watch: "48h" }, 'got "48h", wants a duration of at most 24h'],
  ["a gate that waits for days", { gates: '[{"name":"page","path":"/","timeout":"100h"}]' }, 'got "100h", wants a duration of at most 24h'],
  ["a gate that hardly ever asks", { gates: '[{"name":"page","path":"/","interval":"5m"}]' }, 'got "5m", wants a duration from 20ms to 60s'],
  ["a gate where no route leads", { routes: '[{"path":"/api","service":"web","port":80}]', gates: '[{"name":"page","path":"/"}]' }, "no route leads there"],
  ["an image without digest or tag", { images: '{"web":"r/web"}', release: "1" }, "wants an image by digest or by tag"],
  ["images without a release", { images: `{"web":"r/web@sha256:${"a".repeat(64)}"}` }, "set together"],
  ["a registry without its password", { registryServer: "ghcr.io", registryUsername: "u" }, "pulumi config set --secret recoloca:registryPassword"],
  ["a migration in a service that is not there", { migration: '{"service":"api","command":["x"]}' }, "recoloca:migration.service"],
])("%s is said", (_what, change, text) => expect(problems(change)).toContain(text));

test.each([
  ["is missing", undefined, "there is no file compose.yaml"],
  ["is not YAML", "services:\n  web: [\n", "is not YAML"],
  ["has no services", "version: 3", "has no services"],
  ["has a secret from a variable that nobody sets", "services: { web: { image: a } }\nsecrets: { key: { environment: API_KEY } }", "recoloca:secrets.API_KEY"],
  ["has a secret from a file that the server has not", "services: { web: { image: a } }\nsecrets: { key: { file: ./key } }", 'secret "key" of'],
  ["uses a variable that nobody sets", "services: { web: { image: '${TAG}' } }", "recoloca:secrets.TAG"],
])("a Compose file that %s is said", (_what, text, said) => expect(problems({}, { path: "compose.yaml", text })).toContain(said));

test("a secret that anyone can read is a problem, and its value is not repeated", () => {
  const { problems: found } = checkValues({ values: good, encrypted: new Set() });
  expect(found.map((problem) => problem.key)).toEqual(["sshPrivateKey", "secrets"]);
  expect(JSON.stringify(found)).not.toContain("MARKER");
});

test("no message shows a secret's value, also where its form is wrong", () => {
  expect(problems({ secrets: '{"PASS WORD":"MARKER-x","OTHER":7}' })).not.toContain("MARKER");
});

test("variables with a default, escaped ones and comments are not missing", () => {
  expect(unsetVariables("a: ${A} $B ${C:-x} ${D-x} ${E:?why} $$F $ ${}\n# ${G}\nb: [x, y] # ${H}")).toEqual(["A", "B", "E"]);
  expect(unsetVariables("a: ${A:-${B}} ${C:+with-${D}} ${E:-x${F-${G}}y}$H")).toEqual(["B", "G", "H"]);
  expect(unsetVariables("a: ${A:-${B}} ${C:+with-${D}} ${E:-x${F-${G}}y}$H", new Set(["A", "C", "F", "H"]))).toEqual(["D"]);
  expect(unsetVariables('a: "${A:-{}"\nb: |\n  # ${B}\n${C}: d')).toEqual(["B"]);
});

// What of each text is in the value that Compose makes, or keeps it from making one: tried with compose-go, where A is set and no other is. In the last three
// what is not used has to be there for versions up to 2.4, as Debian 13's Compose has one; 2.16 does without.
test.each([
  ["$A ${A} $$B $${B}", ""],
  ["$B ${B}", "B"],
  ["${A-$B} ${A:-$B}", ""],
  ["${B-$C} ${B:-$C}", "C"],
  ["${B-x} ${B:-}", ""],
  ["${A?$B} ${A:?set $B or ${C}}", ""],
  ["${B?$C} ${B:?set $C or ${D}}", "B"],
  ["${A?}${A:?}$B", "B"],
  ["${A+$B} ${A:+${C}}", "B C"],
  ["${B+$C} ${B:+${D}}", ""],
  ["${B:-${C:?no $D}}", "C"],
  ["${B:-${A:?no $D}}", ""],
  ["${A:?no ${B:-${C}}} ${D}", "D"],
  ["${A+b${B:-$C}c$D}d", "C D"],
  ["${B:-a${C+b$D}c$E}d", "E"],
  ["${B:-$${C}}z ${B:-$$C}", ""],
  ["${B:-{}}$C", "C"],
  ["${A:?}}$C", "C"],
  ["${A:-${B:?no $C}}", "B"],
  ["${A:?no ${B?}}", "B"],
  ["${D+${B:?no $C}}", "B"],
])("of %s there has to be besides A: %s", (text, missing) => {
  expect(unsetVariables(JSON.stringify({ a: text }), new Set(["A"])).join(" ")).toBe(missing);
});

test("what is wrong in a form of two kinds is said of its field; of choices where there are some", () => {
  const said = (volume: object) =>
    checkValues({ values: { backup: JSON.stringify({ service: "postgres", volumes: [volume] }) }, encrypted: new Set() })
      .problems.filter(({ key }) => key.startsWith("backup"))
      .map(({ key, says }) => `${key} ${says}`);
  expect(said({ volume: "uploads", stopp: true })).toEqual(['backup.volumes[0].stopp is not known; did you mean "stop"?']);
  expect(said({ volume: "uploads", exclude: [] })).toEqual(["backup.volumes[0].exclude is not known; it is one of stop, volume"]);
  expect(said({ volume: "uploads", stop: "later" })).toEqual(['backup.volumes[0].stop got "later", wants true or false']);
  expect(said({})).toEqual(["backup.volumes[0].volume is missing: wants the name of a volume of the Compose file"]);
});

test("of a Compose file without services it is not said that a service is one of none", () => {
  const { values } = checkValues({ values: { routes: JSON.stringify([{ path: "/", service: "web", port: 80 }]) }, encrypted: new Set() });
  expect(checkTogether(values, { path: "compose.yaml", text: "services: {}" }, { secrets: [], registry: [] })).toMatchObject([
    { key: "routes[0].service", says: 'got "web", which compose.yaml does not have; it has none' },
  ]);
});

test("the reference in docs/ is fresh", () => {
  expect(fs.readFileSync(path.join(import.meta.dirname, "../../docs/configuration.md"), "utf8"), 'run "npm run docs"').toBe(reference());
});

test("what mends a missing host key is filled in by the shell, and a list is not set as a word", () => {
  const { hostKey: _hostKey, ...without } = good;
  const { problems: found } = checkValues({
    values: { ...without, migration: '{"service": "web", "command": "alembic upgrade head"}' },
    encrypted: new Set(["sshPrivateKey", "secrets"]),
  });
  expect(found.map(({ fix }) => fix)).toEqual([
    `pulumi config set recoloca:hostKey "$(ssh-keyscan -t ed25519 shop.example | cut -d' ' -f2-)"\ncompared with what its console says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`,
    "in the stack's file: command: [alembic, upgrade, head]",
  ]);
});
