/** What visitors come by: names, routes, certificates, environments of pull requests. */
import { execFileSync } from "node:child_process";
import { hidden, type Section } from "./row.ts";

/** A certificate and its key in one text, each PEM. */
const certified = (name: string): string =>
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90", "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-keyout", "-", "-out", "-"], // prettier-ignore
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
const both = hidden(() => certified("recoloca.ai"));
const part = (kind: RegExp) => hidden(() => both.text.slice(both.text.search(kind)).replace(/(-----END [A-Z ]+-----\n)[^]*$/, "$1"));

export const VISITORS: Section = {
  title: "Names, routes, HTTPS",
  rows: [
    {
      change: "another domain",
      set: { domain: "beta.recoloca.ai" },
      does: ["rolls", "± Record", "~ ActionsEnvironmentVariable"],
      visitors: "the old name leads nowhere from then on",
      note: "the record of the new name is made first; its certificate is asked for once the name leads here",
    },
    { change: "a proxy in front, whose address the names lead to", set: { domainAddresses: ["203.0.113.9"] }, does: ["~ release", "~ review"] },
    { change: "where people reach it, as it is shown", set: { publicUrl: "https://www.recoloca.ai" }, does: ["~ ActionsEnvironmentVariable"] },
    {
      change: "no zone any more",
      set: { "ec2.zone": undefined },
      does: ["- Record"],
      visitors: "the name leads nowhere, unless somebody has made the record elsewhere",
    },
    {
      change: "routes",
      set: {
        "routes[1]": { path: "/new", service: "frontend", port: 3001, host: "www.recoloca.ai" },
        "routes[2]": { path: "/", service: "frontend", port: 3000 },
      },
      does: ["rolls"],
    },
    {
      change: "HTTPS, where there was none",
      of: "production",
      set: { "tls.acme.email": "ops@recoloca.ai" },
      does: ["~ host-bootstrap", "~ release", "~ ActionsEnvironmentVariable"],
      note: "nothing rolls; HTTP goes on until the certificate is there",
    },
    {
      change: "who certifies the names, how they are proven, what browsers are told",
      set: {
        ...{
          "tls.acme.email": "other@recoloca.ai",
          "tls.acme.directory": "https://acme.example.com/directory",
          "tls.acme.rehearsal": "https://acme.example.com/try",
        },
        ...{ "tls.acme.dns": "route53", "tls.hsts": "30d" },
      },
      does: ["~ release", "~ review", "+ RolePolicy"],
      note: "a certificate that is there serves until the next one is",
    },
    {
      change: "a certificate of your own",
      of: "production",
      set: { tlsCertificate: part(/-----BEGIN CERTIFICATE/), tlsPrivateKey: part(/-----BEGIN PRIVATE KEY/) },
      does: ["~ release", "~ ActionsEnvironmentVariable"],
    },
    {
      change: "no HTTPS any more",
      set: { tls: undefined },
      does: ["~ host-bootstrap", "~ release", "~ review", "~ ActionsEnvironmentVariable"],
      visitors: "whose browser was told to keep to HTTPS (`tls.hsts`) does not come any more",
    },
    {
      change: "what environments of pull requests may have",
      set: {
        ...{ "review.most": 3, "review.memory": 512, "review.disk": 2048, "review.days": 2, "review.repositories": ["ghcr.io/recoloca/other"] },
        ...{ "review.variables.LEVEL": "debug", "review.seed": { service: "backend", command: ["true"], timeout: "1m" } },
        "review.host": "r-{number}.staging.recoloca.ai",
      },
      does: ["~ review"],
    },
  ],
};
