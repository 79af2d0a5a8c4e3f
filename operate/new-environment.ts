/**
 * `make new-environment NAME=preview`: writes a stack's file like staging's, with what differs asked or given, and says what is still to be set.
 * Nothing is made anywhere. REPLACE=1 writes one that is there anew, from what it says itself.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline/promises";
import { checkout } from "../tools/cache.ts";
import { answersIn, rewritten, saysNothing, stackFile, stillToSet, toLookAt, type Answers } from "./stack-file.ts";

interface Question {
  readonly flag: string;
  readonly asks: string;
  readonly form: RegExp;
  readonly wants: string;
  readonly fallback?: string;
  /** Of which kind of host it is asked; of both where absent. */
  readonly of?: "ec2" | "existing";
}

const NAME: Question = {
  flag: "NAME",
  asks: "name of the environment",
  form: /^(?!local$)[a-z][a-z0-9-]{0,30}$/,
  wants: 'lower-case letters, digits and dashes, 31 at most; "local" is the one of make local',
};

const QUESTIONS: readonly Question[] = [
  NAME,
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
  {
    flag: "SSH_FROM",
    asks: "ranges of addresses that may come by SSH, with commas between",
    form: /^[0-9a-f.:]+\/\d+(,[0-9a-f.:]+\/\d+)*$/,
    wants: "a range, or several: 203.0.113.0/24,198.51.100.7/32",
    of: "ec2",
  },
  { flag: "ADDRESS", asks: "the server's host name or address", form: /^[A-Za-z0-9.:-]+$/, wants: "a host name or an address", of: "existing" },
];

type Ask = (question: string) => Promise<string>;

/** Of the flags, or of the person where there is one, or as `there` has it; every flag that is missing or wrong at once. */
export async function answers(given: NodeJS.ProcessEnv, ask: Ask | undefined, there: Answers = {}): Promise<Answers> {
  const found: Record<string, string> = {};
  const wrong: string[] = [];
  for (const question of QUESTIONS) {
    const { flag, form, wants, of } = question;
    if (of !== undefined && found["HOST"] !== undefined && of !== found["HOST"]) continue;
    // Where nobody comes by SSH there is nothing to ask.
    if (flag === "SSH_FROM" && there["REACH"] === "session-manager" && !given[flag]) continue;
    const text = await answer({ ...question, ...(there[flag] !== undefined && { fallback: there[flag] }) }, given[flag], ask);
    if (form.test(text)) found[flag] = text;
    else wrong.push(`  ${flag.padEnd(12)}${text === "" ? "is missing" : `got "${text}"`}; wants ${wants}`);
  }
  if (wrong.length > 0)
    throw new Error(
      `nothing was written\n\n${wrong.join("\n")}\n\n  make new-environment NAME=demo DOMAIN=demo.recoloca.ai HOST=ec2 REGION=sa-east-1 SSH_FROM=203.0.113.0/24`,
    );
  return found;
}

/** Asked for until it has its form; what is wrong with one that has not is said with the next question. */
async function answer({ asks, form, wants, fallback }: Question, given = "", ask: Ask | undefined): Promise<string> {
  const shown = `${asks}${fallback === undefined ? "" : ` [${fallback}]`}: `;
  let text = given;
  while (ask && !form.test(text)) text = (await ask(text === "" ? shown : `got "${text}", wants ${wants}\n ${shown}`)).trim() || (fallback ?? "");
  return text === "" && fallback !== undefined ? fallback : text;
}

const fileOf = (name: string) => `Pulumi.${name}.yaml`;
/** The one that others are written from. */
const TEMPLATE = fileOf("staging");

function read(file: string): string | undefined {
  const whole = path.join(checkout, file);
  return fs.existsSync(whole) ? fs.readFileSync(whole, "utf8") : undefined;
}

/** What another environment is asked for, in place of the template's own. */
const withoutOwn = ({ DOMAIN: _, SSH_FROM: __, ADDRESS: ___, ...rest }: Answers): Answers => rest;

async function written(ask: Ask | undefined): Promise<string> {
  const wished = await answer(NAME, process.env["NAME"], ask);
  const there = NAME.form.test(wished) ? read(fileOf(wished)) : undefined;
  if (there !== undefined && process.env["REPLACE"] !== "1")
    throw new Error(
      `there is a stack's file already: ${fileOf(wished)}; nothing was written\n  written anew from what it says, with your answers: make new-environment NAME=${wished} REPLACE=1`,
    );
  // One that `pulumi stack init` has written is as good as none, but for what opens its secrets.
  const begun = there !== undefined && !saysNothing(there) ? there : undefined;
  const template = begun ?? read(TEMPLATE);
  if (template === undefined || saysNothing(template))
    throw new Error(
      `nothing was written: ${template === undefined ? `there is no ${TEMPLATE}, which others are written from` : `${TEMPLATE}, which others are written from, says nothing of this project`}\n  the one of this project: git checkout HEAD -- ${TEMPLATE}`,
    );
  const given = await answers({ ...process.env, NAME: wished }, ask, begun === undefined ? withoutOwn(answersIn(template)) : answersIn(template));
  const text = begun === undefined ? stackFile(given, template, there) : rewritten(given, template);
  fs.writeFileSync(path.join(checkout, fileOf(wished)), text);
  const open = stillToSet(wished, text);
  const look = begun === undefined ? toLookAt(given, template, text) : [];
  return ` ${fileOf(wished)} is written: read it. Then\n\n  pulumi stack ${there === undefined ? "init" : "select --create"} ${wished}\n${
    open === "" ? "\n nothing is still to be set\n" : `\n still to be set, each with its command:\n${open}\n`
  }${look.map((one) => `\n ${one}\n`).join("")}`;
}

async function main(): Promise<void> {
  const terminal = process.stdin.isTTY ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  process.stdout.write(await written(terminal && ((question) => terminal.question(` ${question}`))).finally(() => terminal?.close()));
}

if (process.argv[1] === import.meta.filename)
  main().catch((error: unknown) => {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  });
