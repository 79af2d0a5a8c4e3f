/** Five hundred configurations that are wrong in one or several places: each place is named, with words that help, and no secret in them. */
import { expect, test } from "vitest";
import { checkTogether, checkValues } from "../../settings/check.ts";
import { checkCloud } from "../../settings/cloud.ts";
import { checkObservability } from "../../settings/observability.ts";
import { sayProblems } from "../../settings/problems.ts";
import { seeded } from "../chaos/matrix.ts";

const SECRET = "hunter2-hunter2";
const compose = { path: "compose.yaml", text: "services:\n  backend: { image: a }\n  postgres: { image: b }\n" };
const AWS = {
  repository: "recoloca/recoloca",
  domain: "staging.recoloca.ai",
  ec2: { region: "sa-east-1", instanceType: "t4g.small", sshFrom: ["203.0.113.0/24"] },
  createBackupBucket: {},
};
const OWN = { hostAddress: "192.0.2.7", hostKey: "ssh-ed25519 AAAA", sshPrivateKey: SECRET };
const COMMON = {
  routes: [{ path: "/", service: "backend", port: 8000 }],
  gates: [{ name: "api", path: "/health" }],
  backup: { service: "postgres" },
  migration: { service: "backend", command: ["true"] },
  registryServer: "ghcr.io",
  registryUsername: "somebody",
  registryPassword: SECRET,
  watch: "30s",
  keep: 5,
  secrets: { TOKEN: SECRET },
};

type Config = Record<string, unknown>;
type Random = () => number;
const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]!;

/** Each gives the key that must be complained about. */
const MISTAKES: ((config: Config, random: Random) => string)[] = [
  (config, random) => {
    const name = pick(
      random,
      Object.keys(config).filter((key) => key.length > 4),
    );
    const cut = 1 + Math.floor(random() * (name.length - 2));
    const wrong = name.slice(0, cut) + name.slice(cut + 1);
    config[wrong] = config[name];
    return wrong;
  },
  (config, random) => {
    const name = pick(
      random,
      ["routes", "gates", "backup", "migration", "ec2"].filter((key) => key in config),
    );
    const at = ({ ...COMMON, ...AWS } as Config)[name];
    const copy = structuredClone(Array.isArray(at) ? (at[0] as Config) : (at as Config));
    copy[`x${Math.floor(random() * 1000)}`] = 1;
    config[name] = Array.isArray(at) ? [copy] : copy;
    return name;
  },
  (config, random) => {
    const name = pick(random, ["watch", "drain", "wait"]);
    config[name] = pick(random, ["soon", "5 minuts", "-3s", "1x", "30", ""]);
    return name;
  },
  (config, random) => {
    const name = pick(random, ["routes", "gates", "backup", "migration", "notify", "ec2", "createBackupBucket", "observability"]);
    config[name] = pick(random, ["nonsense", 7, true, [[1]], [{ nonsense: 1 }]] as unknown[]);
    return name;
  },
  (config, random) => {
    const name = pick(random, ["keep", "hostPort", "lift"]);
    config[name] = pick(random, ["-1", "many", "1.5"]);
    return name;
  },
  (config) => {
    delete config["routes"];
    return "routes";
  },
  (config) => {
    config["routes"] = [...COMMON.routes, { path: "/other", service: "nobody", port: 70000 }];
    return "routes";
  },
  (config) => {
    config["backup"] = { service: "mysql" };
    return "backup";
  },
  (config) => {
    delete config["registryUsername"];
    return "registryUsername";
  },
  (config) => {
    config["release"] = "2026.11.24";
    return "images";
  },
  (config, random) => {
    config["observability"] = { to: "telemetry", ...pick(random, [{ disk: 0 }, { errors: "5%" }, { email: "a@b.co" }, { keepLogs: 31 }]) };
    return "observability";
  },
  (config) => {
    config["observability"] = { to: "telemetry" };
    return "telemetry";
  },
];

test("every one is a clear error, and all of its problems come at once", () => {
  const random = seeded(7);
  for (let index = 0; index < 500; index++) {
    const config: Config = structuredClone({ ...COMMON, ...(random() < 0.5 ? AWS : OWN) });
    const wrong = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random, MISTAKES)(config, random));
    const values = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
    const checked = checkValues({ values, encrypted: new Set(["sshPrivateKey", "registryPassword", "secrets"]) });
    const registry = ["registryServer", "registryUsername", "registryPassword"].filter((key) => key in config);
    const problems = [
      ...checked.problems,
      ...checkCloud(checked.values, new Set(Object.keys(values))),
      ...checkObservability(checked.values, new Set(Object.keys(values))),
      ...checkTogether(checked.values, compose, { secrets: ["TOKEN"], registry }),
    ];
    const said = sayProblems("staging", problems);
    // A later mistake may take an earlier one's place; the last of each key stands.
    const last = wrong.at(-1)!;
    expect(problems.map((one) => one.key).join(" "), `${JSON.stringify(config)}\n${said}`).toContain(last);
    for (const { says } of problems) expect(says).toMatch(/^(is|got|wants|names|there|"?\w+)/);
    expect(said).not.toContain(SECRET);
    expect(said).not.toMatch(/undefined|\[object|NaN|Invalid input/);
  }
});
