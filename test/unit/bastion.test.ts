/** A bastion in a stack's configuration: what is refused beside other values, and what every connection is given. */
import { describe, expect, test } from "vitest";
import { askServer, wayTo, type Configured } from "../../operate/ask-server.ts";
import { checkBastion } from "../../settings/bastion.ts";
import { checkValues } from "../../settings/check.ts";
import { checkCloud } from "../../settings/cloud.ts";
import { sayProblems, type Problem } from "../../settings/problems.ts";
import { everythingOf, PRIVATE } from "../mocked-program.ts";

const BASTION = { address: "198.51.100.4", user: "jump", hostKey: "ssh-ed25519 AAAABASTION" };
const ROUTES = [{ path: "/", service: "backend", port: 8000 }];
const OWN = { hostAddress: "10.0.0.7", hostKey: "ssh-ed25519 AAAA", sshPrivateKey: "MARKER-key", routes: ROUTES };
const EC2 = { region: "sa-east-1", instanceType: "t4g.small", sshFrom: ["198.51.100.0/24"] };
const AWS = { repository: "recoloca/recoloca", domain: "staging.recoloca.ai", ec2: EC2, bastionPrivateKey: "MARKER-key", routes: ROUTES };

type Config = Record<string, unknown>;
function problemsOf(config: Config, open: readonly string[] = []): Problem[] {
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  const values = Object.fromEntries(given.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
  const encrypted = new Set(["sshPrivateKey", "bastionPrivateKey"].filter((key) => !open.includes(key)));
  const keys = new Set(Object.keys(values));
  const checked = checkValues({ values, encrypted });
  return [...checked.problems, ...checkCloud(checked.values, "staging", keys), ...checkBastion(checked.values, keys)];
}

test("a right one has no problems, before a server that is there and before one that the stack makes", () => {
  expect(problemsOf({ ...OWN, bastion: BASTION })).toEqual([]);
  expect(problemsOf({ ...OWN, bastion: { ...BASTION, port: 2222, address: "bastion.recoloca.ai" }, bastionPrivateKey: "MARKER" })).toEqual([]);
  expect(problemsOf({ ...AWS, bastion: BASTION })).toEqual([]);
  // By a name, or from a private network: nobody knows here from where it comes.
  expect(problemsOf({ ...AWS, bastion: { ...BASTION, address: "bastion.recoloca.ai" }, ec2: { ...EC2, sshFrom: ["203.0.113.0/24"] } })).toEqual([]);
  expect(problemsOf({ ...AWS, bastion: { ...BASTION, address: "10.8.0.1" }, ec2: { ...EC2, sshFrom: ["203.0.113.0/24"] } })).toEqual([]);
  expect(problemsOf({ ...AWS, bastion: { ...BASTION, address: "2001:db8::4" }, ec2: { ...EC2, sshFrom: ["2001:db8::/64"] } })).toEqual([]);
  // Inside of one network the server is called by its own address there.
  expect(problemsOf({ ...AWS, bastion: BASTION, hostAddress: "10.71.0.9", ec2: { ...EC2, sshFrom: ["10.71.0.0/24"] } })).toEqual([]);
});

describe("is refused:", () => {
  test.each<[string, Config, string, RegExp, string?]>([
    [
      "no address",
      { ...OWN, bastion: { ...BASTION, address: undefined } },
      "bastion.address",
      /is missing: host name or address; wants a host name or an address/,
    ],
    ["no user", { ...OWN, bastion: { ...BASTION, user: undefined } }, "bastion.user", /is missing: SSH user; he needs no shell; wants a user/],
    ["an address with a user in it", { ...OWN, bastion: { ...BASTION, address: "jump@bastion" } }, "bastion.address", /got "jump@bastion", wants a host name/],
    ["a user that would be an option", { ...OWN, bastion: { ...BASTION, user: "-oProxyCommand=x" } }, "bastion.user", /wants a user's name: jump/],
    ["a port that is none", { ...OWN, bastion: { ...BASTION, port: 70000 } }, "bastion.port", /got 70000, wants a port: 22/],
    ["a misspelt field", { ...OWN, bastion: { ...BASTION, adress: "x" } }, "bastion.adress", /is not known; did you mean "address"\?/],
    [
      "no host key: nothing is trusted on first use",
      { ...OWN, bastion: { ...BASTION, hostKey: undefined } },
      "bastion.hostKey",
      /is missing: its public host key; wants the bastion's public host key/,
      `pulumi config set --path 'recoloca:bastion.hostKey' "$(ssh-keyscan -t ed25519 BASTION | cut -d' ' -f2-)"\ncompared with what its console says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`,
    ],
    [
      "a host key that is none",
      { ...OWN, bastion: { ...BASTION, hostKey: "SHA256:abc" } },
      "bastion.hostKey",
      /got "SHA256:abc", wants the bastion's public host key: ssh-ed25519/,
      `pulumi config set --path 'recoloca:bastion.hostKey' "$(ssh-keyscan -t ed25519 BASTION | cut -d' ' -f2-)"\ncompared with what its console says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`,
    ],
    [
      "a word where a structure is wanted",
      { ...OWN, bastion: "198.51.100.4" },
      "bastion",
      /got "198\.51\.100\.4", wants a structure with address, user, hostKey/,
    ],
    ["a key and no bastion", { ...OWN, bastionPrivateKey: "MARKER" }, "bastionPrivateKey", /recoloca:bastion, which it opens, is not/],
    [
      "no key of its own before a server that the stack makes",
      { ...AWS, bastion: BASTION, bastionPrivateKey: undefined },
      "bastionPrivateKey",
      /is missing: the key that the stack makes opens the server that it makes and nothing before it/,
      "cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:bastionPrivateKey",
    ],
    [
      "a firewall that does not let the bastion in",
      { ...AWS, bastion: BASTION, ec2: { ...EC2, sshFrom: ["203.0.113.0/24"] } },
      "ec2.sshFrom",
      /holds no range with the bastion's address 198\.51\.100\.4/,
      "pulumi config set --path 'recoloca:ec2.sshFrom[1]' 198.51.100.4/32",
    ],
    [
      "the same in the new notation",
      { ...AWS, bastion: { ...BASTION, address: "2001:db8::4" } },
      "ec2.sshFrom",
      /2001:db8::4/,
      "pulumi config set --path 'recoloca:ec2.sshFrom[1]' 2001:db8::4/128",
    ],
    [
      "a firewall that lets everybody in",
      { ...AWS, bastion: BASTION, ec2: { ...EC2, sshFrom: ["0.0.0.0/0"] } },
      "ec2.sshFrom[0]",
      /anybody may come past the bastion/,
    ],
    ["a firewall that lets nobody in", { ...AWS, bastion: BASTION, ec2: { ...EC2, sshFrom: [] } }, "ec2.sshFrom", /is missing/],
    [
      "the same with another name for the server",
      { ...AWS, bastion: BASTION, hostAddress: "10.71.0.9", ec2: { ...EC2, sshFrom: [] } },
      "ec2.sshFrom",
      /is missing/,
    ],
    [
      "two ways at once",
      { ...AWS, bastion: BASTION, hostAddress: "127.0.0.1", ec2: { ...EC2, image: "ubuntu-24.04", reach: "session-manager" } },
      "bastion",
      /are two ways to one server/,
      "pulumi config set --path 'recoloca:ec2.reach' direct",
    ],
  ])("%s", (_what, config, key, says, fix) => {
    const problems = problemsOf(config);
    expect(problems.map((one) => one.key)).toEqual([key]);
    expect(problems[0]!.says).toMatch(says);
    if (fix !== undefined) expect(problems[0]!.fix).toBe(fix);
    expect(sayProblems("staging", problems)).not.toMatch(/MARKER|undefined|\[object/);
  });

  test("a key that anybody may read; its value is not repeated", () => {
    const [problem, ...more] = problemsOf({ ...OWN, bastion: BASTION, bastionPrivateKey: "MARKER" }, ["bastionPrivateKey"]);
    expect(problem).toMatchObject({ key: "bastionPrivateKey", fix: "cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:bastionPrivateKey" });
    expect(more).toEqual([]);
  });
});

describe("every remote command of a stack", () => {
  const SECRET = "4dabf18193072939515e22adb298388d";
  /** Without the marks of secrets. */
  const opened = (value: unknown): unknown =>
    typeof value !== "object" || value === null
      ? value
      : SECRET in value
        ? opened((value as unknown as { value: unknown }).value)
        : Object.fromEntries(Object.entries(value).map(([key, one]) => [key, opened(one)]));
  const commandsOf = async (change: Config) =>
    (await everythingOf("staging", change)).filter(({ type }) => type === "command:remote:Command").map(({ name, inputs }) => ({ name, inputs }));

  test("goes through the bastion, with exactly these fields; nothing else of it is another", async () => {
    const before = await commandsOf({});
    const after = await commandsOf({ "recoloca:bastion": { ...BASTION, address: "203.0.113.4" }, "recoloca:bastionPrivateKey": "MARKER" });
    expect(after.map(({ name }) => name)).toEqual(before.map(({ name }) => name));
    expect(after.length).toBeGreaterThan(3);
    for (const [index, { name, inputs }] of after.entries()) {
      const { connection, ...rest } = inputs;
      const { connection: direct, ...others } = before[index]!.inputs;
      expect(opened(direct), name).toEqual({
        ...{ host: "198.51.100.7", port: 22, user: "recoloca", privateKey: PRIVATE, hostKey: "ssh-ed25519 AAAAC3Nz" },
        ...{ dialErrorLimit: 2, perDialTimeout: 5 },
      });
      expect(opened(connection), name).toEqual({
        ...(opened(direct) as object),
        proxy: {
          ...{ host: "203.0.113.4", port: 22, user: "jump", privateKey: "MARKER", hostKey: BASTION.hostKey },
          ...{ dialErrorLimit: 2, perDialTimeout: 5 },
        },
      });
      expect(connection, name).toHaveProperty(SECRET);
      expect(rest, name).toEqual(others);
      expect(JSON.stringify(rest), name).not.toContain("MARKER");
    }
  });
});

describe("an operator", () => {
  const address = { host: "10.0.0.7", port: 22, user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" };
  const via = { host: "198.51.100.4", port: 2222, user: "jump", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" };

  test("is told the way by the doctor", () => {
    expect(wayTo({ address, tunnel: false })).toBe(" reached by SSH: root@10.0.0.7:22, directly");
    expect(wayTo({ address: { ...address, via }, tunnel: false })).toBe(" reached by SSH: root@10.0.0.7:22, through the bastion jump@198.51.100.4:2222");
    expect(wayTo({ address: { ...address, host: "127.0.0.1", port: 2222 }, tunnel: true })).toBe(
      " reached by SSH: root@127.0.0.1:2222, where a tunnel of Session Manager begins",
    );
  });

  test("is told what is wrong with the bastion's settings, before anybody is asked", async () => {
    const entry = (value: unknown, secret = false): Configured => (typeof value === "string" ? { value, secret } : { objectValue: value, secret });
    const configuration = {
      ...{ "recoloca:hostAddress": entry("10.0.0.7"), "recoloca:hostKey": entry("ssh-ed25519 AAAA"), "recoloca:sshPrivateKey": entry("KEY", true) },
      "recoloca:bastion": entry({ ...BASTION, hostKey: undefined }),
    };
    await expect(askServer({ name: "staging", configuration }, ["doctor"], () => undefined)).rejects.toThrow(/recoloca:bastion\.hostKey +is missing/);
  });
});
