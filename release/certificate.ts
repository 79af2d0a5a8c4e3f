/** What is wrong with a certificate and its key, looked at side by side. Pure; no word of the key is ever in a message. */
import { X509Certificate, createPrivateKey, type KeyObject } from "node:crypto";
import type { GivenCertificate } from "./tls.ts";

export interface CertificateProblem {
  readonly of: keyof GivenCertificate;
  readonly says: string;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a PEM text in its order; undefined where one of them cannot be read, or there is none. */
export function readChain(pem: string): X509Certificate[] | undefined {
  try {
    const chain = (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block));
    return chain.length === 0 ? undefined : chain;
  } catch {
    return undefined;
  }
}

/** Bits; the libraries of both ends refuse less. */
const LEAST_RSA = 2048;

/** Every problem there is, for a server that answers to these names. */
export function certificateProblems({ certificate, privateKey }: GivenCertificate, names: readonly string[], now = new Date()): CertificateProblem[] {
  const chain = readChain(certificate);
  const key = readKey(privateKey);
  const [leaf] = chain ?? [];
  const of = (part: CertificateProblem["of"], ...says: (string | false | undefined)[]) =>
    says.filter((text) => typeof text === "string").map((text): CertificateProblem => ({ of: part, says: text }));
  return [
    ...(leaf
      ? of("certificate", ...lifetimeProblems(leaf, now), ...nameProblems(leaf, names), ...orderProblems(chain!))
      : of("certificate", "is no certificate: PEM is wanted, -----BEGIN CERTIFICATE-----, the server's own first")),
    ...(typeof key === "string"
      ? of("privateKey", key)
      : of("privateKey", leaf && !leaf.checkPrivateKey(key) && "is not the key of the certificate", weak(key))),
  ];
}

const lifetimeProblems = (leaf: X509Certificate, now: Date) => [
  Date.parse(leaf.validTo) <= now.getTime() && `has expired, on ${day(leaf.validTo)}`,
  Date.parse(leaf.validFrom) > now.getTime() && `is not valid before ${day(leaf.validFrom)}`,
];

const day = (date: string) => new Date(date).toISOString().slice(0, 10);

/** As browsers look at it: the name in the subject does not count. */
const nameProblems = (leaf: X509Certificate, names: readonly string[]) =>
  names
    .filter((name) => leaf.checkHost(name, { subject: "never" }) === undefined)
    .map((name) => `does not cover ${name}; it is for ${(leaf.subjectAltName ?? "no name at all").replaceAll("DNS:", "")}`);

const orderProblems = (chain: readonly X509Certificate[]) =>
  chain
    .slice(1)
    .map(
      (issuer, index) =>
        !chain[index]!.checkIssued(issuer) && `certificate ${index + 2} of the chain did not issue certificate ${index + 1}: put them in order`,
    );

function readKey(pem: string): KeyObject | string {
  try {
    return createPrivateKey(pem);
  } catch {
    return /ENCRYPTED/.test(pem)
      ? "is encrypted, and nobody is there to type the passphrase: openssl pkey -in KEY -out PLAIN_KEY"
      : "is no private key: PEM is wanted, -----BEGIN PRIVATE KEY-----";
  }
}

const weak = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) =>
  asymmetricKeyType === "rsa" &&
  (asymmetricKeyDetails?.modulusLength ?? 0) < LEAST_RSA &&
  `has ${asymmetricKeyDetails?.modulusLength} bits, ${LEAST_RSA} are the least`;
