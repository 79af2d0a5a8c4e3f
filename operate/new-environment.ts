/**
 * `make new-environment NAME=preview`: writes a stack's file like staging's, with what differs asked or given, and says what is still to be set.
 * Nothing is made anywhere. REPLACE=1 writes one that is there anew, from what it says itself.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline/promises";
import { parse, stringify } from "yaml";
import { NAMESPACE, ownKeys } from "../settings/index.ts";
import { sayProblems } from "../settings/problems.ts";
import { checkWhole } from "../settings/whole.ts";
import { checkout } from "../tools/cache.ts";

interface Question {
  readonly flag: string;
  readonly asks: string;
  readonly form: RegExp;
  readonly wants: string;
  readonly fallback?: string;
  /** Of which kind of host it is asked; of both where absent. */
  readonly of?: "ec2" | "existing";
}

const QUESTIONS: readonly Question[] = [
  { flag: "NAME", asks: "name of the environment", form: /^[a-z][a-z0-9-]{0,30}$/, wants: "lower-case letters, digits and dashes" },
  {
    flag: "APPLICATION",
    asks: "name of the application: of its containers, volumes and backups, never to be changed afterwards",
    form: /^[a-z][a-z0-9-]{0,40}$/,
    wants: "lower-case letters, digits and dashes",
    fallback: "recoloca",
  },
  { flag: "DOMAIN", asks: "host name that it answers on", form: /^[a-z0-9-]+(\.[a-z0-9-]+)+$/, wants: "a host name: demo.recoloca.ai" },
  { flag: "REPOSITORY", asks: "GitHub repository", form: /^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/, wants: "owner and name", fallback: "recoloca/recoloca" },
  {
    flag: "HOST",
    asks: "a server at AWS that the stack makes (ec2), or one that is there (existing)",
    form: /^(ec2|existing)$/,
    wants: "ec2 or existing",
    fallback: "ec2",
  },
  { flag: "REGION", asks: "region of AWS", form: /^[a-z]{2}(-[a-z]+)+-\d$/, wants: "a region: sa-east-1", fallback: "sa-east-1", of: "ec2" },
  { flag: "SSH_FROM", asks: "range of addresses that may come by SSH", form: /^[0-9a-f.:]+\/\d+$/, wants: "a range: 203.0.113.0/24", of: "ec2" },
  { flag: "ADDRESS", asks: "the server's host name or address", form: /^[A-Za-z0-9.:-]+$/, wants: "a host name or an address", of: "existing" },
];

export type Answers = Readonly<Record<string, string>>;

/** Of the flags, or of the person where there is one; every flag that is missing or wrong at once. */
export async function answers(given: NodeJS.ProcessEnv, ask: ((question: string) => Promise<string>) | undefined): Promise<Answers> {
  const found: Record<string, string> = {};
  const wrong: string[] = [];
  for (const { flag, asks, form, wants, fallback, of } of QUESTIONS) {
    if (of !== undefined && found["HOST"] !== undefined && of !== found["HOST"]) continue;
    let text = given[flag] ?? "";
    while (ask && !form.test(text)) text = (await ask(`${asks}${fallback === undefined ? "" : ` [${fallback}]`}: `)).trim() || (fallback ?? "");
    if (text === "" && fallback !== undefined) text = fallback;
    if (form.test(text)) found[flag] = text;
    else wrong.push(`  ${flag.padEnd(12)}${text === "" ? "is missing" : `got "${text}"`}; wants ${wants}`);
  }
  if (wrong.length > 0)
    throw new Error(
      `nothing was written\n\n${wrong.join("\n")}\n\n  make new-environment NAME=demo DOMAIN=demo.recoloca.ai HOST=ec2 REGION=sa-east-1 SSH_FROM=203.0.113.0/24`,
    );
  return found;
}

type Config = Record<string, unknown>;

/** Text of the stack's file; `template` is the text of one that is like it, or of `itself` as it is now. */
export function stackFile(given: Answers, template: string, itself = false): string {
  const { config } = parse(template) as { config: Config };
  const {
    [`${NAMESPACE}:ec2`]: ec2,
    [`${NAMESPACE}:createBackupBucket`]: bucket,
    [`${NAMESPACE}:hostAddress`]: _host,
    [`${NAMESPACE}:github`]: github,
    ...rest
  } = config;
  const server =
    given["HOST"] === "ec2"
      ? { ec2: { ...withoutZone(ec2 as Config, given["DOMAIN"]!), region: given["REGION"], sshFrom: [given["SSH_FROM"]] }, createBackupBucket: bucket ?? {} }
      : { hostAddress: given["ADDRESS"] };
  // An account has one entry for GitHub; the template's stack makes it.
  const side = github !== undefined && { github: itself ? github : { ...(github as Config), makesIdentityProvider: false } };
  const own = { application: given["APPLICATION"], repository: given["REPOSITORY"], domain: given["DOMAIN"], ...server, ...side };
  const named = Object.fromEntries(Object.entries(own).map(([key, value]) => [`${NAMESPACE}:${key}`, value]));
  return `# ${given["NAME"]}: answers at ${given["DOMAIN"]}. Every key: docs/configuration.md.\n${stringify({ config: { ...rest, ...named } }, { lineWidth: 140 })}`;
}

/** The template's zone stays where it holds the new domain too. */
function withoutZone({ zone, ...rest }: Config, domain: string): Config {
  return typeof zone === "string" && domain.endsWith(`.${zone}`) ? { ...rest, zone } : rest;
}

/** What is still to be set before the first `pulumi up`; empty where nothing is. */
export function stillToSet(name: string, file: string): string {
  const { config } = parse(file) as { config: Config };
  const raw = Object.fromEntries(Object.entries(ownKeys(config)).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
  const { problems } = checkWhole({ values: raw, encrypted: new Set() }, checkout, name);
  return problems.length === 0 ? "" : sayProblems(name, problems).replace(/^.*\n/, "");
}

async function main(): Promise<void> {
  const terminal = process.stdin.isTTY ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  const given = await answers(process.env, terminal && ((question) => terminal.question(` ${question}`))).finally(() => terminal?.close());
  const name = given["NAME"]!;
  const file = path.join(checkout, `Pulumi.${name}.yaml`);
  const there = fs.existsSync(file);
  if (there && process.env["REPLACE"] !== "1")
    throw new Error(
      `there is a stack's file already: Pulumi.${name}.yaml; nothing was written\n  written anew from what it says, with your answers: make new-environment NAME=${name} REPLACE=1`,
    );
  const text = stackFile(given, fs.readFileSync(there ? file : path.join(checkout, "Pulumi.staging.yaml"), "utf8"), there);
  fs.writeFileSync(file, text);
  process.stdout.write(
    ` Pulumi.${name}.yaml is written: read it. Then\n\n  pulumi stack init ${name}\n\n still to be set, each with its command:\n${stillToSet(name, text)}\n`,
  );
}

if (process.argv[1] === import.meta.filename)
  main().catch((error: unknown) => {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  });
