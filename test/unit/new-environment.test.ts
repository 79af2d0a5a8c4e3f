/** A new environment's file: like staging's, with what differs, and checked. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { answers, stackFile, stillToSet } from "../../operate/new-environment.ts";

const template = fs.readFileSync(path.join(import.meta.dirname, "..", "..", "Pulumi.staging.yaml"), "utf8");
const AT_AWS = { NAME: "demo", APPLICATION: "shop", DOMAIN: "demo.recoloca.ai", HOST: "ec2", REGION: "eu-central-1", SSH_FROM: "203.0.113.0/24" };

describe("from flags", () => {
  test("at AWS: its own region and domain, staging's routes and gates; what is still to be set are the secrets", async () => {
    const text = stackFile(await answers(AT_AWS, undefined), template);
    const { config } = parse(text) as { config: Record<string, unknown> };
    expect(config["recoloca:ec2"]).toMatchObject({ region: "eu-central-1", zone: "recoloca.ai", sshFrom: ["203.0.113.0/24"] });
    expect(config["recoloca:gates"]).toEqual((parse(template) as { config: Record<string, unknown> }).config["recoloca:gates"]);
    const said = stillToSet("demo", text);
    expect(said).toContain("pulumi config set --secret recoloca:registryPassword");
    expect(said).toContain("pulumi config set --path --secret 'recoloca:secrets.POSTGRES_PASSWORD'");
    expect(said.match(/is missing/g)).toHaveLength(2);
  });

  test("on a server that is there: how it is reached is still to be set", async () => {
    const text = stackFile(await answers({ NAME: "demo", DOMAIN: "demo.example.org", HOST: "existing", ADDRESS: "192.0.2.7" }, undefined), template);
    expect(text).not.toContain("ec2");
    expect(stillToSet("demo", text)).toMatch(/recoloca:hostKey +is missing[\s\S]*recoloca:sshPrivateKey +is missing/);
  });

  test("one that is there already is written anew from what it says itself", async () => {
    const given = await answers({ NAME: "production", DOMAIN: "example.org", HOST: "existing", ADDRESS: "192.0.2.7" }, undefined);
    const production = fs.readFileSync(path.join(import.meta.dirname, "..", "..", "Pulumi.production.yaml"), "utf8");
    const { config } = parse(stackFile(given, production, true)) as { config: Record<string, unknown> };
    expect(config).toMatchObject({ "recoloca:hostAddress": "192.0.2.7", "recoloca:watch": "2m", "recoloca:github": { ownsRepository: true } });
    expect(config).not.toHaveProperty("recoloca:ec2");
  });

  test("what is missing or wrong is said at once", async () => {
    await expect(answers({ NAME: "Demo", REGION: "mars" }, undefined)).rejects.toThrow(
      /nothing was written\n\n {2}NAME {8}got "Demo"; wants lower-case[^\n]*\n {2}DOMAIN {6}is missing[^\n]*\n {2}REGION {6}got "mars"[^\n]*\n {2}SSH_FROM {4}is missing/,
    );
  });
});

test("asked, until each answer has its form; what is given is not asked", async () => {
  const said = ["shop", "Wrong Domain", "demo.recoloca.ai", "", "", "", "nonsense", "203.0.113.0/24"];
  const asked: string[] = [];
  const found = await answers({ NAME: "demo" }, async (question) => {
    asked.push(question);
    return said.shift()!;
  });
  expect(found).toEqual({ ...AT_AWS, REGION: "sa-east-1", REPOSITORY: "recoloca/recoloca" });
  expect(asked[1]).toBe("host name that it answers on: ");
  expect(asked).toHaveLength(8);
});
