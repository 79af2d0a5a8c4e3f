/** How TLS is configured: who certifies the names, or the certificate that is given. */
import * as z from "zod";
import { certificateProblems } from "../release/certificate.ts";
import { parseDuration } from "../release/duration.ts";
import { CERTIFIABLE } from "../release/forms.ts";
import { LETS_ENCRYPT, LETS_ENCRYPT_STAGING, MOST_HSTS, acmeSchema, certifiedNames, type Acme, type Tls } from "../release/tls.ts";
import { setCommand, type Problem } from "./problems.ts";

const url = acmeSchema.shape.directory;

const HSTS = `wants a duration such as 180d, at most ${MOST_HSTS / 86400}d, or false`;
/** Days are what people say of it; nothing else here lasts so long. */
const hsts = z.union([z.literal(false), z.string()], HSTS).transform((given, context) => {
  const seconds = given === false ? 0 : /^\d+d$/.test(given) ? parseInt(given) * 86400 : parseDuration(given);
  if (seconds === undefined || seconds > MOST_HSTS) context.addIssue({ code: "custom", message: HSTS });
  return Math.round(seconds ?? 0);
});

const directory = z
  .string()
  .transform((text) => (text === "staging" ? LETS_ENCRYPT_STAGING : text))
  .pipe(z.url({ protocol: /^https$/, error: "wants staging, or a directory's URL: https://..." }));

const withDirectories = acmeSchema.omit({ addresses: true }).extend({ directory: directory.optional(), rehearsal: url.optional() });
const acme = withDirectories.transform(({ directory, rehearsal, ...rest }): Omit<Acme, "addresses"> => {
  const first = rehearsal ?? (directory === undefined ? LETS_ENCRYPT_STAGING : undefined);
  const asked = directory ?? LETS_ENCRYPT;
  return { ...rest, directory: asked, ...(first !== undefined && first !== asked && { rehearsal: first }) };
});

export const tlsForm = z.strictObject({ acme: acme.optional(), hsts: hsts.default(0) });

export interface TlsValues {
  readonly tls?: z.output<typeof tlsForm> | undefined;
  readonly tlsCertificate?: string | undefined;
  readonly tlsPrivateKey?: string | undefined;
  readonly domain?: string | undefined;
  readonly domainAddresses?: readonly string[] | undefined;
  /** Of a server that is there. */
  readonly hostAddress?: string | undefined;
  readonly routes?: readonly { readonly host?: string | undefined }[] | undefined;
}

export const wantsTls = ({ tls, tlsCertificate, tlsPrivateKey }: TlsValues): boolean => [tls, tlsCertificate, tlsPrivateKey].some((one) => one !== undefined);

export const publicUrlForm = z.string().regex(/^https?:\/\/[^\s/]+$/, "wants a URL without a path: https://staging.recoloca.ai");

/** Where people reach the application. */
export const urlOf = (values: TlsValues & { readonly publicUrl?: string | undefined }): string =>
  values.publicUrl ?? `${wantsTls(values) ? "https" : "http"}://${values.domain ?? values.hostAddress}`;

const CERTIFICATE = "cat CHAIN.pem | pulumi config set --secret recoloca:tlsCertificate";
const PRIVATE_KEY = "cat KEY.pem | pulumi config set --secret recoloca:tlsPrivateKey";
const EMAIL = setCommand("tls.acme.email", "ops@recoloca.ai");
/** The commands that set them. */
export const SETS = { tlsCertificate: CERTIFICATE, tlsPrivateKey: PRIVATE_KEY } as const;

/** What can only be seen side by side: the certificate, its key, the names, and who else would certify them. */
export function checkTls(values: TlsValues): Problem[] {
  if (!wantsTls(values)) return [];
  const { tls, tlsCertificate, tlsPrivateKey, routes = [] } = values;
  const names = namesOf(values);
  const given = tlsCertificate !== undefined || tlsPrivateKey !== undefined;
  const missing = (["tlsCertificate", "tlsPrivateKey"] as const).filter((key) => given && values[key] === undefined);
  return [
    ...(routes.length > 0 && names.length === 0
      ? [{ key: "domain", says: "is missing: a certificate is for a host name, and no route has one", fix: setCommand("domain", "staging.recoloca.ai") }]
      : []),
    ...names
      .filter((name) => !CERTIFIABLE.test(name))
      .map((name) => ({
        key: name === values.domain?.toLowerCase() ? "domain" : "routes",
        says: `got "${name}", for which nobody gives a certificate: a whole host name is wanted`,
      })),
    ...(given && tls?.acme
      ? [
          {
            key: "tls.acme",
            says: "and a given certificate are two ways: one of them",
            fix: "pulumi config rm recoloca:tlsCertificate; pulumi config rm recoloca:tlsPrivateKey",
          },
        ]
      : []),
    ...(!given && !tls?.acme
      ? [{ key: "tls.acme", says: "is missing: who is to certify the names? Or give a certificate: tlsCertificate and tlsPrivateKey", fix: EMAIL }]
      : []),
    ...missing.map((key) => ({ key, says: "is missing: a certificate and its private key go together", fix: SETS[key] })),
    ...(tls?.acme?.directory === LETS_ENCRYPT_STAGING && tls.hsts > 0
      ? [{ key: "tls.hsts", says: "would lock visitors out: nobody trusts certificates of the staging directory", fix: setCommand("tls.hsts", "false") }]
      : []),
    ...(tlsCertificate !== undefined && tlsPrivateKey !== undefined
      ? certificateProblems({ certificate: tlsCertificate, privateKey: tlsPrivateKey }, names).map(({ of, says }) => {
          const key = of === "certificate" ? "tlsCertificate" : "tlsPrivateKey";
          return { key, says, fix: SETS[key] };
        })
      : []),
  ];
}

/** Those that a certificate is wanted for. */
export const namesOf = ({ routes = [], domain }: Pick<TlsValues, "routes" | "domain">): string[] =>
  certifiedNames({ routes: routes.map(({ host }) => ({ host: host ?? domain ?? "*" })) });

/** Where the names may lead, beside the server's own addresses. A server that is there is known by its address, too. */
export const addressesOf = ({ domainAddresses = [], hostAddress }: TlsValues): string[] => [
  ...new Set([...domainAddresses, ...(hostAddress === undefined ? [] : [hostAddress])]),
];

/** For the plan. Holds the private key. */
export function tlsOf(values: TlsValues): Tls | undefined {
  const { tls, tlsCertificate, tlsPrivateKey } = values;
  const hstsSeconds = tls?.hsts ?? 0;
  if (tls?.acme) return { acme: { ...tls.acme, addresses: addressesOf(values) }, hsts: hstsSeconds };
  if (tlsCertificate === undefined || tlsPrivateKey === undefined) return undefined;
  return { given: { certificate: tlsCertificate, privateKey: tlsPrivateKey }, hsts: hstsSeconds };
}
