/** Certificates on this host: their files, how long they last, and what is known of each name. HAProxy's files are root's alone. */
import * as fs from "node:fs";
import * as path from "node:path";
import { readChain } from "../release/certificate.ts";
import type { GivenCertificate } from "../release/tls.ts";
import { CERTIFICATES, SELF_MADE, certificateFile } from "./edge-tls.ts";
import { must } from "./process.ts";
import { ago } from "./render.ts";
import { ROOT, readJson, writeWhole } from "./store.ts";

const FOLDER = path.join(ROOT, "certificates");
/** One at a time asks for certificates: the client that answers the authority has one port. */
export const CERTIFICATES_LOCK = path.join(FOLDER, "lock");

/** What became of a name so far. Times are ISO 8601. */
export interface CertificateState {
  readonly stack: string;
  readonly by: "acme" | "given";
  /** Directory that issued the certificate that is there. */
  readonly directory?: string;
  readonly installedAt?: string;
  /** Directory where the name was tried first, with success. */
  readonly rehearsed?: string;
  readonly triedAt?: string;
  /** Why there is no newer certificate; absent once there is. */
  readonly problem?: string;
  /** In a row, of those that the authority had a part in. */
  readonly failures?: number;
  /** Not before then, because of them. */
  readonly nextTry?: string;
  /** Share of its life that was left when somebody was last told of it. */
  readonly told?: number;
}

const stateFile = (name: string) => path.join(FOLDER, `${name}.json`);
export const stateOf = (name: string): CertificateState | undefined => readJson<CertificateState>(stateFile(name));
export const setState = (name: string, state: CertificateState): void => writeWhole(stateFile(name), JSON.stringify(state, null, 2));

export const hasCertificate = (name: string): boolean => fs.existsSync(certificateFile(name));

/** As HAProxy takes it: everything in one file, and no empty line, which would end it on HAProxy's socket. */
export const asOneFile = ({ certificate, privateKey }: GivenCertificate): string =>
  `${[certificate, privateKey]
    .join("\n")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n")}\n`;

/** Removes names that no stack has, once nobody could use their certificates any more. */
export function forgetExpired(used: readonly string[], now = Date.now()): void {
  for (const name of names()) if (!used.includes(name) && (lifeOf(name)?.until ?? 0) < now) forget(name);
}

/** A given certificate goes with its stack; one that was issued stays until it has expired, because the authority counts them. */
export function forgetGiven(stack: string): void {
  for (const name of names()) if (stateOf(name)?.stack === stack && stateOf(name)?.by === "given") forget(name);
}

function forget(name: string): void {
  fs.rmSync(certificateFile(name), { force: true });
  fs.rmSync(stateFile(name), { force: true });
}

const names = () => (fs.existsSync(FOLDER) ? fs.readdirSync(FOLDER).flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? []) : []);

export interface Life {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
  readonly issuer: string;
  readonly fingerprint: string;
}

export const lifeOf = (name: string): Life | undefined => (hasCertificate(name) ? lifeIn(fs.readFileSync(certificateFile(name), "utf8")) : undefined);

/** Of the first certificate in a PEM. */
export function lifeIn(pem: string): Life | undefined {
  const [leaf] = readChain(pem) ?? [];
  if (!leaf) return undefined;
  const issuer = /^O=(.+)$/m.exec(leaf.issuer)?.[1] ?? /^CN=(.+)$/m.exec(leaf.issuer)?.[1] ?? "nobody";
  return { from: Date.parse(leaf.validFrom), until: Date.parse(leaf.validTo), issuer, fingerprint: leaf.fingerprint256 };
}

/** Share of a life that is left, from 1 to 0 and below. */
export const left = ({ from, until }: Pick<Life, "from" | "until">, now = Date.now()): number => (until - now) / (until - from);

/** Below it a renewal is overdue: it begins earlier. */
export const OVERDUE = 1 / 3;

/** A name's certificate as people and programs are told of it. */
export interface Certificate extends Partial<CertificateState> {
  readonly name: string;
  readonly issuer?: string;
  readonly until?: string;
  readonly daysLeft?: number;
}

export function certificateOf(name: string): Certificate {
  const life = lifeOf(name);
  return {
    name,
    ...stateOf(name),
    ...(life && { issuer: life.issuer, until: new Date(life.until).toISOString(), daysLeft: Math.floor((life.until - Date.now()) / 86_400_000) }),
  };
}

/** One line: how long it lasts, since when it is there, and what keeps it from being renewed. */
export function sayCertificate({ name, daysLeft, issuer, installedAt, problem, failures = 0, nextTry }: Certificate): string {
  const why = problem === undefined ? "" : `: ${problem}${failures > 0 ? ` (${failures} times in a row; next try ${sayNext(nextTry)})` : ""}`;
  if (daysLeft === undefined) return `${name}, none yet, visitors get plain HTTP meanwhile${why}`;
  const life = daysLeft < 0 ? "EXPIRED" : `${daysLeft} days left`;
  const since = installedAt === undefined ? "" : `, in place since ${ago(installedAt)}`;
  return `${name}, ${life}, by ${issuer}${since}${why && `; not renewed${why}`}`;
}

const sayNext = (at: string | undefined) => (at === undefined ? "within the hour" : `${at.slice(0, 16).replace("T", " ")} UTC`);

/** Made once, for ten years: it says nothing, it only lets a connection come about. */
export async function selfMadeIsThere(): Promise<void> {
  fs.mkdirSync(CERTIFICATES, { recursive: true, mode: 0o700 });
  if (fs.existsSync(SELF_MADE)) return;
  const [key, certificate] = [`${SELF_MADE}.key`, `${SELF_MADE}.crt`];
  await must("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
    "-subj", "/CN=no certificate yet", "-keyout", key, "-out", certificate,
  ]); // prettier-ignore
  writeWhole(SELF_MADE, asOneFile({ certificate: fs.readFileSync(certificate, "utf8"), privateKey: fs.readFileSync(key, "utf8") }));
  for (const file of [key, certificate]) fs.rmSync(file);
}
