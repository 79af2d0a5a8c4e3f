/** Brings a certificate into use: on disk whole, then in the running edge, without a connection being refused or cut. */
import * as fs from "node:fs";
import * as tls from "node:tls";
import type { GivenCertificate } from "../release/tls.ts";
import { asOneFile, hasCertificate, lifeOf } from "./certificates.ts";
import { ADMIN_SOCKET } from "./edge-configuration.ts";
import { certificateFile } from "./edge-tls.ts";
import { applyConfiguration, isSecured } from "./edge.ts";
import { ask } from "./haproxy.ts";
import { writeWhole } from "./store.ts";

/** What HAProxy refuses leaves what was there. */
export async function putInPlace(name: string, pair: GivenCertificate): Promise<void> {
  const file = certificateFile(name);
  const before = hasCertificate(name) ? fs.readFileSync(file, "utf8") : undefined;
  const text = asOneFile(pair);
  writeWhole(file, text);
  try {
    // The first one of a name is also what sends its visitors to HTTPS, which is a change of the configuration.
    if (before !== undefined && isSecured(name) && (await swap(file, text)) && (await isServed(name))) return;
    await applyConfiguration(true);
  } catch (error) {
    if (before === undefined) fs.rmSync(file);
    else writeWhole(file, before);
    throw error;
  }
}

/** By HAProxy's own transaction; false where it does not take it so, as one larger than its buffer. */
async function swap(file: string, text: string): Promise<boolean> {
  try {
    const begun = await ask(ADMIN_SOCKET, `set ssl cert ${file} <<\n${text}`);
    if (!/transaction (created|updated)/i.test(begun)) return false;
    if (/success/i.test(await ask(ADMIN_SOCKET, `commit ssl cert ${file}`))) return true;
    await ask(ADMIN_SOCKET, `abort ssl cert ${file}`);
  } catch {
    // HAProxy is restarting, perhaps: the reload that follows says so.
  }
  return false;
}

const SECONDS = 5;

/** Whether visitors who ask for the name get the certificate that is on disk. */
export const isServed = async (name: string): Promise<boolean> => (await shownFor(name)) === lifeOf(name)?.fingerprint;

const shownFor = (name: string) =>
  new Promise<string | undefined>((done) => {
    const socket = tls.connect({ host: "127.0.0.1", port: 443, servername: name, rejectUnauthorized: false, timeout: SECONDS * 1000 }, () => {
      done(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("timeout", () => socket.destroy()).on("error", () => undefined);
    socket.on("close", () => done(undefined));
  });
