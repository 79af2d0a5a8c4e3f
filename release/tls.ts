/** TLS of a stack as its plan says it: certificates by ACME, or one that is given. */
import * as z from "zod";
import type { Plan } from "./plan.ts";

const directory = z.url({ protocol: /^https$/, error: "wants a directory's URL: https://..." });

export const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";
/** Its certificates are trusted by nobody, and its rate limits are wide: where a new name is tried first. */
export const LETS_ENCRYPT_STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory";

export const acmeSchema = z.strictObject({
  /** Told by the authority of what concerns the account. */
  email: z.email("wants an e-mail address"),
  directory,
  /** Directory that must have issued a certificate for a name before `directory` is asked for its first one. */
  rehearsal: directory.optional(),
  /** Proves the name by a record in the zone, with the rights of the instance; without it by HTTP, through the edge. */
  dns: z.enum(["route53"]).optional(),
  /** Where the names may lead, beside the server's own addresses: the public address of a server behind NAT, or a name that has it. */
  addresses: z.array(z.string().min(1)).default([]),
});
export type Acme = z.infer<typeof acmeSchema>;

export const givenCertificateSchema = z.strictObject({
  /** PEM: the certificate, then those that lead to its root. */
  certificate: z.string().min(1),
  /** PEM. Secret. */
  privateKey: z.string().min(1),
});
export type GivenCertificate = z.infer<typeof givenCertificateSchema>;

/** Two years, which browsers' own lists ask for at most. */
export const MOST_HSTS = 2 * 365 * 86400;

export const tlsSchema = z
  .strictObject({
    acme: acmeSchema.optional(),
    given: givenCertificateSchema.optional(),
    /** Seconds that browsers are to know the names by HTTPS only. 0: they are not told. */
    hsts: z.int().min(0).max(MOST_HSTS).default(0),
  })
  .refine(({ acme, given }) => (acme === undefined) !== (given === undefined), "either acme or a given certificate");
export type Tls = z.infer<typeof tlsSchema>;

/** `address`: one more that the names may lead to. */
export const leadingTo = (tls: Tls | undefined, address: string | undefined): Tls | undefined =>
  tls?.acme && address !== undefined ? { ...tls, acme: { ...tls.acme, addresses: [...tls.acme.addresses, address] } } : tls;

/** Names that a certificate is for: those that are routed. */
export const certifiedNames = ({ routes }: { readonly routes: readonly Pick<Plan["routes"][number], "host">[] }): string[] =>
  [...new Set(routes.map(({ host }) => host.toLowerCase()))].filter((host) => host !== "*").sort();
