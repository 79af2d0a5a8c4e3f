/** What `recoloca doctor` has to say of a stack's certificates. */
import { isServed } from "./certificate-swap.ts";
import type { Plan } from "../release/plan.ts";
import { certifiedNames } from "../release/tls.ts";
import { OVERDUE, certificateOf, left, lifeOf, sayCertificate } from "./certificates.ts";
import { certifiedHere } from "./certify.ts";
import type { Finding } from "./finding.ts";
import { whyNotHere } from "./name-check.ts";
import { run } from "./process.ts";

/** Of those whose proof does not lead here; a name that is proven by HTTP is looked at with its certificate. */
export async function nameFindings(stack: string, plan: Plan): Promise<Finding[]> {
  const acme = plan.tls?.acme;
  const addresses = plan.addresses ?? acme?.addresses;
  if (addresses === undefined || (acme && !acme.dns)) return [];
  const found = await Promise.all(certifiedNames(plan).map((name) => whyNotHere(name, addresses)));
  return found.flatMap((what) => (what === undefined ? [] : [{ what: `${stack}: ${what}`, fix: RECORD }]));
}

const RECORD = "the DNS record, at whoever has the zone";

type Certified = ReturnType<typeof certifiedHere>[number];

export async function certificateFindings(stack: string): Promise<Finding[]> {
  const names = certifiedHere().filter((one) => one.stack === stack);
  const found = await Promise.all(names.map(findingsOf));
  return [...found.flat(), ...(names.some(({ acme }) => acme) ? await groundFindings() : [])];
}

const GIVEN = "pulumi config set --secret recoloca:tlsCertificate, and tlsPrivateKey; then pulumi up";

async function findingsOf({ name, stack, acme }: Certified): Promise<Finding[]> {
  const life = lifeOf(name);
  const certificate = certificateOf(name);
  const said = `${stack}: certificate ${sayCertificate(certificate)}`;
  const fix = acme ? "recoloca certificate --renew, once what keeps it is mended" : GIVEN;
  const wrong = !life || left(life) < OVERDUE || certificate.problem !== undefined;
  const elsewhere = acme && !acme.dns ? await whyNotHere(name, acme.addresses) : undefined;
  return [
    ...(wrong ? [{ what: said, fix }] : []),
    ...(elsewhere !== undefined && elsewhere !== certificate.problem ? [{ what: `${stack}: ${elsewhere}`, fix: RECORD }] : []),
    ...(life && !(await isServed(name))
      ? [{ what: `${stack}: the edge does not show the certificate of ${name} that is on disk`, fix: "systemctl reload haproxy" }]
      : []),
  ];
}

async function groundFindings(): Promise<Finding[]> {
  const [lego, timer] = await Promise.all([run("lego", ["--version"]), run("systemctl", ["is-active", "recoloca-certify.timer"])]);
  return [
    ...(lego.code === 0 ? [] : [{ what: "lego, which asks for certificates, is not on this host", fix: "apt-get install lego" }]),
    ...(timer.stdout.trim() === "active" ? [] : [{ what: "nobody looks which certificates are due", fix: "systemctl enable --now recoloca-certify.timer" }]),
  ];
}
