/**
 * `make new-environment NAME=preview`: writes a stack's file like staging's, with what differs asked or given, and says what is still to be set.
 * Nothing is made anywhere. REPLACE=1 writes one that is there anew, from what it says itself.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline/promises";
import { checkout } from "../tools/cache.ts";
import { stackFile, stillToSet, type Answers } from "./stack-file.ts";

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
  { flag: "NAME", asks: "name of the environment", form: /^[a-z][a-z0-9-]{0,30}$/, wants: "lower-case letters, digits and dashes, 31 at most" },
  {
    flag: "APPLICATION",
    asks: "name of the application: of its containers, volumes and backups, never to be changed afterwards",
    form: /^[a-z][a-z0-9-]{0,30}$/,
    wants: "lower-case letters, digits and dashes, 31 at most",
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
  {
    flag: "REGION",
    asks: "region of AWS",
    form: /^(?!cn-|us-gov-|us-iso|eu-isoe-)[a-z]{2}(-[a-z]+)+-\d$/,
    wants: "a region, neither China's nor a government's: sa-east-1",
    fallback: "sa-east-1",
    of: "ec2",
  },
  { flag: "SSH_FROM", asks: "range of addresses that may come by SSH", form: /^[0-9a-f.:]+\/\d+$/, wants: "a range: 203.0.113.0/24", of: "ec2" },
  { flag: "ADDRESS", asks: "the server's host name or address", form: /^[A-Za-z0-9.:-]+$/, wants: "a host name or an address", of: "existing" },
];

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
