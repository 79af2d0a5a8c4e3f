/** Asks an authority for a certificate by ACME. The client is lego, from the distribution; the private key is made here and stays here. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Acme, GivenCertificate } from "../release/tls.ts";
import { CHALLENGE_PORT } from "./edge-tls.ts";
import { run } from "./process.ts";
import { ROOT } from "./store.ts";

/** Route 53 has no regions, and lego's client of AWS asks no service without one. */
const REGION = { AWS_REGION: "us-east-1" };

/** Seconds: a DNS record must have come to all servers of its zone. */
const LIMIT_SECONDS = 600;

/** An account and what was issued, apart for each directory. */
const folderOf = (directory: string) => path.join(ROOT, "acme", createHash("sha256").update(directory).digest("hex").slice(0, 12));

export const legoArguments = ({ email, dns }: Acme, directory: string, name: string): string[] => [
  "--accept-tos", "--email", email, "--server", directory, "--path", folderOf(directory), "--key-type", "ec256", "--domains", name,
  ...(dns ? ["--dns", dns] : ["--http", "--http.port", `127.0.0.1:${CHALLENGE_PORT}`]),
  "run",
]; // prettier-ignore

/** Why there is no certificate; `retryAt`: what the authority said of when to come again. */
export class NotIssued extends Error {
  readonly retryAt: string | undefined;

  constructor(message: string, retryAt?: string) {
    super(message);
    this.retryAt = retryAt;
  }
}

const fileOf = (directory: string, name: string, kind: "crt" | "key") => path.join(folderOf(directory), "certificates", `${name}.${kind}`);

/** What a directory issued last: it lies with the data, so that a server made anew around them has it. */
export function issuedBefore(directory: string, name: string): GivenCertificate | undefined {
  const [certificate, privateKey] = (["crt", "key"] as const).map((kind) => fileOf(directory, name, kind)) as [string, string];
  return fs.existsSync(certificate) && fs.existsSync(privateKey)
    ? { certificate: fs.readFileSync(certificate, "utf8"), privateKey: fs.readFileSync(privateKey, "utf8") }
    : undefined;
}

export async function obtain(acme: Acme, directory: string, name: string): Promise<GivenCertificate> {
  const folder = folderOf(directory);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ask = () => forRootAlone(() => run("lego", legoArguments(acme, directory, name), { timeout: LIMIT_SECONDS, ...(acme.dns && { env: REGION }) }));
  let ran = await ask();
  if (ran.code !== 0 && /accountDoesNotExist/.test(ran.stderr + ran.stdout)) {
    // The authority has lost it, or somebody has closed it: a new one costs nothing.
    fs.rmSync(path.join(folder, "accounts"), { recursive: true, force: true });
    ran = await ask();
  }
  if (ran.code === 127) throw new NotIssued("lego is not on this host: pulumi up puts it there, or apt-get install lego");
  if (ran.code !== 0) throw notIssued(ran.stderr || ran.stdout);
  const issued = issuedBefore(directory, name);
  if (!issued) throw new NotIssued("lego ended well and left no certificate");
  return issued;
}

/** lego makes its account's key readable for everyone. */
function forRootAlone<T>(start: () => T): T {
  const before = process.umask(0o077);
  try {
    return start();
  } finally {
    process.umask(before);
  }
}

const ZONE_RIGHT = "pulumi up gives this server's role that right, and an explicit deny is of whoever has the account";

/** The authority's own words, or Route 53's, without dates, levels and addresses of its objects. */
export function notIssued(output: string): NotIssued {
  const lines = output
    .split("\n")
    .map((line) => line.replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, "").trim())
    .filter((line) => line !== "");
  const refused = /User: \S+ is not authorized to perform: route53:.*/.exec(output)?.[0];
  if (refused !== undefined) return new NotIssued(`Route 53 refuses the record that proves the name: ${refused}; ${ZONE_RIGHT}`);
  if (/NoCredentialProviders/.test(output))
    return new NotIssued("Route 53 was not asked: this server got no credentials of a role at AWS; pulumi up gives it one");
  const said = lines.findLast((line) => /acme: error|error:/.test(line) && /urn:ietf|::|dial|timeout|lookup/.test(line)) ?? lines.at(-1) ?? "lego said nothing";
  const at = /retry after (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)/.exec(output);
  return new NotIssued(said.replace(/, url: \S*$/, "").slice(0, 400), at ? `${at[1]}T${at[2]}Z` : undefined);
}
