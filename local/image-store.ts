/** Images built without a hub: a Debian of packages, and what is built on it. Named by what they are made of. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { cacheFolder } from "../tools/cache.ts";
import { attempt, must } from "./command.ts";

const SUITE = "trixie";

export const hasImage = async (name: string) => (await attempt("docker", ["image", "inspect", name])).code === 0;

/** An image of Debian packages, kept as a tar for the next engine. */
export async function debianImage(kind: string, packages: readonly string[]): Promise<string> {
  const key = createHash("sha256")
    .update([SUITE, ...packages].join(" "))
    .digest("hex")
    .slice(0, 12);
  const name = `recoloca-${kind}:${key}`;
  if (await hasImage(name)) return name;
  const tar = cacheFolder(`${kind}-${key}.tar`);
  if (!fs.existsSync(tar)) {
    fs.mkdirSync(path.dirname(tar), { recursive: true });
    const aside = `${tar}.${process.pid}.tar`;
    await must("mmdebstrap", ["--quiet", "--variant=apt", `--include=${packages.join(",")}`, SUITE, aside]);
    fs.renameSync(aside, tar);
  }
  await must("docker", ["import", tar, name]);
  return name;
}

/** The files that a build of this folder is given. Of `.dockerignore` only plain names are understood: `name` at the top, or anywhere below. */
export function contextFiles(folder: string): string[] {
  const file = path.join(folder, ".dockerignore");
  const lines = fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n") : [];
  const names = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const pattern = names.find((name) => /[*?!/[]/.test(name.replace(/^\*\*\//, "")));
  if (pattern !== undefined) throw new Error(`${file}: got "${pattern}", wants a plain name: "name" at the top, "**/name" anywhere`);
  const ignored = new Set(["**/__pycache__", ...names]);
  const leftOut = (name: string) => name.split(path.sep).some((part, index) => ignored.has(`**/${part}`) || (index === 0 && ignored.has(part)));
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !leftOut(name) && fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.isFile())
    .sort();
}

/** Hash of folders' files, names and modes apart: what an image is made from. */
export function folderHash(...folders: string[]): string {
  const hash = createHash("sha256");
  for (const folder of folders) for (const name of contextFiles(folder)) hash.update(name).update(fs.readFileSync(path.join(folder, name)));
  return hash.digest("hex").slice(0, 12);
}

/** The Dockerfile of a folder, on this base in place of its own. */
export function onBase(context: string, base: string): string {
  const file = path.join(context, "Dockerfile");
  const text = fs.readFileSync(file, "utf8");
  const found = text.match(/^FROM .*$/gm) ?? [];
  if (found.length !== 1) throw new Error(`${file}: got ${found.length} lines that begin with FROM, wants one: another base is to take its place`);
  return text.replace(/^FROM .*$/m, () => `FROM ${base}`);
}

export interface Build {
  readonly args?: Readonly<Record<string, string>>;
  /** In place of the one that the Dockerfile names. @default that one */
  readonly base?: string;
}

/** What an image is made from, in a word that another one has not. */
export const imageKey = (context: string, { args = {}, base }: Build): string =>
  createHash("sha256")
    .update(folderHash(context))
    .update(JSON.stringify([args, base]))
    .digest("hex")
    .slice(0, 12);

/** `docker build`, unless an image of the same content is there. */
export async function buildImage(kind: string, context: string, build: Build): Promise<string> {
  const { args = {}, base } = build;
  const name = `recoloca-${kind}:${imageKey(context, build)}`;
  if (await hasImage(name)) return name;
  const given = Object.entries(args).flatMap(([arg, value]) => ["--build-arg", `${arg}=${value}`]);
  const options = ["--quiet", "--tag", name, ...given];
  if (base === undefined) await must("docker", ["build", ...options, context]);
  else await must("docker", ["build", ...options, "--file", "-", context], { input: onBase(context, base) });
  return name;
}
