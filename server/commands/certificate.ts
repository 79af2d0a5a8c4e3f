/** `recoloca certificate`: how long each name's certificate lasts, and a new one now. `recoloca certify` is the timer's. */
import { certificateOf, sayCertificate } from "../certificates.ts";
import { certifiedHere, certify } from "../certify.ts";
import type { Given } from "../command-line.ts";
import { say } from "../follow.ts";
import { refuse } from "./refuse.ts";
import { theStack } from "./which.ts";

export async function certificate(given: Given): Promise<number> {
  const stack = given.options["stack"] === undefined ? undefined : theStack(given);
  const names = certifiedHere().filter((one) => stack === undefined || one.stack === stack);
  if (given.options["renew"]) {
    if (names.length > 0 && names.every(({ acme }) => !acme))
      return refuse(
        "this certificate is given, nobody here can renew it: pulumi config set --secret recoloca:tlsCertificate, and tlsPrivateKey. Nothing was changed.",
      );
    if (!(await certify({ asked: true, stack }))) return refuse("certificates are being asked for already; look again in some minutes. Nothing was changed.");
  }
  const all = names.map(({ name }) => certificateOf(name));
  if (given.options["json"]) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  else all.forEach((one) => say(` ${sayCertificate(one)}`));
  if (names.length === 0 && !given.options["json"]) say(" no stack on this host has TLS: recoloca:tls in the stack's configuration, docs/tls.md");
  return given.options["renew"] && all.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

export async function certifyCommand(): Promise<number> {
  await certify();
  return 0;
}
