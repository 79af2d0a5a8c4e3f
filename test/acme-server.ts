/** Pebble, the test authority of Let's Encrypt: beside the server in its site's network, where it reaches the server by its names. */
import * as fs from "node:fs";
import { attempt, must, until } from "../local/command.ts";
import { debianImage } from "../local/image-store.ts";
import { inSite, testSite } from "../local/site.ts";
import { goProgram } from "../tools/go-program.ts";

const CONTAINER = `${testSite.name}-acme`;
/** The same authority by another name: what is a directory of its own for those who ask. */
const AGAIN = `${testSite.name}-acme-rehearsal`;
export const DIRECTORY = `https://${CONTAINER}:14000/dir`;
export const REHEARSAL = `https://${AGAIN}:14000/dir`;

/** A name that leads to it, and so not to the server. */
export const AWAY = "away.test";

const CONFIGURATION = {
  pebble: {
    listenAddress: "0.0.0.0:14000",
    managementListenAddress: "0.0.0.0:15000",
    certificate: "/acme/certificate.pem",
    privateKey: "/acme/key.pem",
    httpPort: 80,
    tlsPort: 443,
    ocspResponderURL: "",
    externalAccountBindingRequired: false,
    retryAfter: { authz: 1, order: 1 },
    profiles: { default: { description: "as long as the real one's", validityPeriod: 90 * 86400 } },
  },
};

/** Validates for real each time, at once, and takes every first answer. */
const ENVIRONMENT = ["PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0", "PEBBLE_WFE_NONCEREJECT=0"];

/** `dns`: who is asked where a name leads to, in place of the site's network. What the authority itself is known by is the answer, as PEM. */
export async function makeAcme(dns?: string): Promise<string> {
  const program = await goProgram(
    { name: "pebble", version: "2.10.1", package: "github.com/letsencrypt/pebble/v2/cmd/pebble", takes: "some seconds" },
    () => undefined,
  );
  const folder = inSite(testSite, "acme");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(`${folder}/pebble.json`, JSON.stringify(CONFIGURATION));
  await must("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=test authority",
    "-addext", `subjectAltName=DNS:${CONTAINER},DNS:${AGAIN}`, "-keyout", `${folder}/key.pem`, "-out", `${folder}/certificate.pem`,
  ]); // prettier-ignore
  await removeAcme();
  await must("docker", [
    "create", "--name", CONTAINER, "--network", testSite.name, "--network-alias", AGAIN, "--network-alias", AWAY, ...(dns ? ["--dns", dns] : []),
    ...ENVIRONMENT.flatMap((one) => ["-e", one]),
    "-v", `${program}:/pebble:ro`, "-v", `${folder}:/acme:ro`, await debianImage("debian", ["ca-certificates"]), "/pebble", "-config", "/acme/pebble.json",
  ]); // prettier-ignore
  await startAcme();
  return fs.readFileSync(`${folder}/certificate.pem`, "utf8");
}

export async function startAcme(): Promise<void> {
  await must("docker", ["start", CONTAINER]);
  await until("the authority answers", 30, async () => (await asked(14000, "/dir")).code === 0);
}

/** From this machine, which reaches it by its address alone. */
async function asked(port: number, what: string) {
  const address = await must("docker", ["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", CONTAINER]);
  return attempt("curl", ["--silent", "--fail", "--cacert", inSite(testSite, "acme", "certificate.pem"), "--resolve", `${CONTAINER}:${port}:${address.trim()}`, `https://${CONTAINER}:${port}${what}`]); // prettier-ignore
}

export const stopAcme = () => must("docker", ["stop", "--time", "1", CONTAINER]);
export const removeAcme = () => attempt("docker", ["rm", "--force", CONTAINER]);

/** What its certificates lead to. Another one after each start. */
export const acmeRoot = async () => (await asked(15000, "/roots/0")).stdout;

/** Everything that it was asked. */
export const acmeLog = async () => (await attempt("docker", ["logs", CONTAINER])).output;
