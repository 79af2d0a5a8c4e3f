/**
 * What TLS costs at the edge, beside the configuration that the distribution's HAProxy comes with: the same certificate, the same
 * service behind both, the same constant rate, from the server itself. A handshake for each request, then connections that are kept.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { must } from "../local/command.ts";
import { mustOnServer, serverName } from "../local/server.ts";
import { benchmarkSite as site, inSite } from "../local/site.ts";
import { settingsOf, withImages } from "../local/stack.ts";
import { step } from "../local/steps.ts";
import { median } from "./answers.ts";
import { imagesOf, type Place } from "./place.ts";

const DOMAIN = "bench.test";
export const TLS_PER_SECOND = 1000;
const SECONDS = 10;
const ROUNDS = 3;
const DEFAULT_PORT = 9443;

export interface Secured {
  readonly answered: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  /** Microseconds of HAProxy's processor time for each request. */
  readonly processor: number;
}

export type TlsMeasure = Record<"handshakes" | "kept", { readonly edge: Secured; readonly byDefault: Secured }>;

const on = async (command: string) => (await mustOnServer(site, command)).trim();

/** The stack with a name and a certificate. */
async function secure({ stack }: Place): Promise<void> {
  const [key, certificate] = [inSite(site, "bench.key"), inSite(site, "bench.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "20", "-subj", "/CN=bench", "-addext", `subjectAltName=DNS:${DOMAIN}`, "-keyout", key, "-out", certificate], { stdio: "ignore" }); // prettier-ignore
  const { migration: _migration, backup: _backup, gates: _gates, ...all } = settingsOf(site);
  await stack.configure(withImages({ ...all, domain: DOMAIN, watch: "1s" }, await imagesOf("2"), "2"));
  for (const [name, file] of [
    ["tlsCertificate", certificate],
    ["tlsPrivateKey", key],
  ] as const) {
    const set = await stack.pulumi(["config", "set", "--secret", `recoloca:${name}`], { input: fs.readFileSync(file, "utf8") });
    if (set.code !== 0) throw new Error(set.output);
  }
  const ran = await stack.up();
  if (ran.code !== 0) throw new Error(ran.output);
}

/** A second HAProxy with the distribution's own file, apart from the socket, which is taken. */
async function beside(loadClient: string): Promise<void> {
  await must("docker", ["cp", loadClient, `${serverName(site)}:/usr/local/bin/vegeta`]);
  // Both slots are in the edge's configuration, and one of them is empty.
  const address = await on(
    "slot=$(cut -d' ' -f2 /etc/haproxy/recoloca/slots.map); grep -h -o \"server $slot .*:3000 check$\" /etc/haproxy/haproxy.cfg | head -1 | cut -d' ' -f3",
  );
  await on(`grep -q ${DOMAIN} /etc/hosts || echo '127.0.0.1 ${DOMAIN}' >> /etc/hosts
    { grep -v 'stats socket' /etc/haproxy/haproxy.cfg.before-recoloca; printf 'frontend tls\\n    bind :${DEFAULT_PORT} ssl crt /etc/haproxy/recoloca/certificates/${DOMAIN}.pem\\n    default_backend app\\nbackend app\\n    server app ${address}\\n'; } > /root/default.cfg
    haproxy -D -p /run/default.pid -f /root/default.cfg`);
}

const pids = {
  edge: "pgrep --newest --parent $(systemctl show --property MainPID --value haproxy)",
  byDefault: "cat /run/default.pid",
} as const;

/** Milliseconds of a process's processor time so far: the kernel counts in hundredths of a second. */
const spent = async (which: keyof typeof pids) => 10 * Number(await on(`awk '{ print $14 + $15 }' /proc/$(${pids[which]})/stat`));

async function attack(which: keyof typeof pids, keep: boolean): Promise<Secured> {
  const url = which === "edge" ? `https://${DOMAIN}/` : `https://${DOMAIN}:${DEFAULT_PORT}/`;
  const before = await spent(which);
  const report = JSON.parse(
    await on(
      `echo 'GET ${url}' | vegeta attack -rate ${TLS_PER_SECOND} -duration ${SECONDS}s -insecure -http2=false -keepalive=${keep} | vegeta report -type=json`,
    ),
  ) as { requests: number; success: number; latencies: Record<"50th" | "99th", number> };
  const processor = (1000 * ((await spent(which)) - before)) / report.requests;
  const failed = Math.round(report.requests * (1 - report.success));
  if (failed === report.requests) throw new Error(`nothing answers at ${url}: there is nothing to compare`);
  return { answered: report.requests - failed, failed, median: report.latencies["50th"] / 1e6, p99: report.latencies["99th"] / 1e6, processor };
}

/** Medians of the rounds, in which both take turns; of failures the sum. */
function together(rounds: readonly Secured[]): Secured {
  const middle = (of: (one: Secured) => number) => median(rounds.map(of));
  const sum = (of: (one: Secured) => number) => rounds.reduce((all, one) => all + of(one), 0);
  return {
    answered: sum((one) => one.answered),
    failed: sum((one) => one.failed),
    median: middle((one) => one.median),
    p99: middle((one) => one.p99),
    processor: middle((one) => one.processor),
  };
}

async function inTurns(keep: boolean) {
  const rounds: Record<keyof typeof pids, Secured[]> = { edge: [], byDefault: [] };
  for (let round = 0; round < ROUNDS; round++) for (const which of ["edge", "byDefault"] as const) rounds[which].push(await attack(which, keep));
  return { edge: together(rounds.edge), byDefault: together(rounds.byDefault) };
}

const say = ({ failed, median, p99, processor }: Secured) =>
  `${median.toFixed(2)} ms (p99 ${p99.toFixed(1)}), ${processor.toFixed(0)} µs of processor, ${failed} failed`;

export async function measureTls(place: Place): Promise<{ tls: TlsMeasure }> {
  const tell = ({ edge, byDefault }: TlsMeasure["kept"]) => `${say(edge)}; by default ${say(byDefault)}`;
  await step(
    "tls",
    () => secure(place).then(() => beside(place.loadClient)),
    () => `${TLS_PER_SECOND} requests a second`,
  );
  const handshakes = await step("tls, each new", () => inTurns(false), tell);
  const kept = await step("tls, kept", () => inTurns(true), tell);
  return { tls: { handshakes, kept } };
}
