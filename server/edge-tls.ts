/** What TLS adds to HAProxy's configuration, as text. Pure. */
import type { EdgeStack } from "./edge-configuration.ts";

export const CERTIFICATES = "/etc/haproxy/recoloca/certificates";
/** Which certificate is for which name; the first one is for all others. */
export const CERTIFICATE_LIST = "/etc/haproxy/recoloca/certificates.list";
/** Names that visitors are sent to HTTPS for, because a certificate is there, to the seconds of their HSTS. */
export const HTTPS_MAP = "/etc/haproxy/recoloca/https.map";
/** Made here and trusted by nobody: what names without a certificate get, so that HTTPS answers at all. */
export const SELF_MADE = `${CERTIFICATES}/self-made.pem`;

/** Where the ACME client answers while it proves a name. */
export const CHALLENGE_PORT = 61080;
const CHALLENGE = "/.well-known/acme-challenge/";

export const certificateFile = (name: string) => `${CERTIFICATES}/${name}.pem`;

/** Of a stack with TLS. */
export interface EdgeTls {
  readonly names: readonly string[];
  /** Seconds; 0: browsers are not told. */
  readonly hsts: number;
  /** Whether names are proven by HTTP, through the edge. */
  readonly challenge: boolean;
}

type Stacks = readonly EdgeStack[];

const isWanted = (stacks: Stacks) => stacks.some(({ tls }) => tls !== undefined);
const isChallenged = (stacks: Stacks) => stacks.some(({ tls }) => tls?.challenge);

/** Mozilla's intermediate recommendation: TLS 1.2 with forward secrecy, and 1.3. */
export const tlsDefaults = (stacks: Stacks) =>
  isWanted(stacks)
    ? `
    ssl-default-bind-options prefer-client-ciphers ssl-min-ver TLSv1.2 no-tls-tickets
    ssl-default-bind-curves X25519:prime256v1:secp384r1
    ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
    ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256`
    : "";

const HTTPS = "txn.https";
const SECURED = `!{ var(${HTTPS}) -m str off }`;

/** The name that visitors are sent to is one of the map's, without the port that they may have come by. */
export function tlsRules(stacks: Stacks): string[] {
  if (!isWanted(stacks)) return ["bind :80", "http-request set-header X-Forwarded-Proto http"];
  return [
    "bind :80",
    `bind :443 ssl crt-list ${CERTIFICATE_LIST} alpn h2,http/1.1`,
    "http-request set-header X-Forwarded-Proto http if !{ ssl_fc }",
    "http-request set-header X-Forwarded-Proto https if { ssl_fc }",
    `http-request set-var(${HTTPS}) req.hdr(host),field(1,:),lower,map(${HTTPS_MAP},off)`,
    `http-request redirect location https://%[req.hdr(host),field(1,:),lower]%[pathq] code 308 if !{ ssl_fc } ${SECURED} !{ path_beg ${CHALLENGE} }`,
    `http-response set-header Strict-Transport-Security max-age=%[var(${HTTPS})] if { ssl_fc } ${SECURED} !{ var(${HTTPS}) -m str 0 }`,
  ];
}

/** Before any stack's routes: also a closed stack answers the authority. */
export const challengeRules = (stacks: Stacks) => (isChallenged(stacks) ? [`use_backend challenge if { path_beg ${CHALLENGE} } !{ ssl_fc }`] : []);

export const challengeBackend = (stacks: Stacks) =>
  isChallenged(stacks)
    ? `
backend challenge
    server acme 127.0.0.1:${CHALLENGE_PORT}
`
    : "";

/** `has`: whether a certificate for a name is there. */
export const certificateList = (stacks: Stacks, has: (name: string) => boolean) =>
  [SELF_MADE, ...certified(stacks, has).map(([name]) => `${certificateFile(name)} ${name}`)].map((line) => `${line}\n`).join("");

export const httpsMap = (stacks: Stacks, has: (name: string) => boolean) => new Map(certified(stacks, has).map(([name, tls]) => [name, String(tls.hsts)]));

const certified = (stacks: Stacks, has: (name: string) => boolean): [string, EdgeTls][] => {
  const names = new Map(stacks.flatMap(({ tls }) => (tls?.names ?? []).map((name): [string, EdgeTls] => [name, tls!])));
  return [...names].filter(([name]) => has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
};
