/** Rows of the table that have their own words: the whole environment, backups, TLS. Each is judged beside something else that was measured in turns with it. */
import { median } from "./answers.ts";
import type { BackupMeasure, BackupRound } from "./backups.ts";
import type { Renewal } from "./renewal.ts";
import type { Review } from "./reviews.ts";
import type { LoadedGraph } from "./staging-graph.ts";
import type { StagingUp } from "./staging-up.ts";
import { TLS_PER_SECOND, type Secured, type TlsMeasure } from "./tls.ts";

export interface Row {
  readonly measure: string;
  readonly want: string;
  readonly got: string;
  readonly reached: boolean;
  /** The same with `docker compose up`, and with docker-rollout's method. */
  readonly plain?: string;
  readonly rollout?: string;
}

const times = (value: number) => `${value.toFixed(2)} ×`;

export function environmentRows(graphs: readonly LoadedGraph[], ups: readonly StagingUp[]): Row[] {
  const [graph, registered, sdks] = (["graph", "registered", "sdks"] as const).map((until) => median(graphs.map((one) => one[until]))) as [
    number,
    number,
    number,
  ];
  const [noop, empty] = [median(ups.map((one) => one.noop)), median(ups.map((one) => one.empty))];
  return [
    {
      measure: "load of the program for the whole environment `staging`, AWS and GitHub among it",
      want: `≤ 1.3 × importing its SDKs (${sdks.toFixed(0)} ms)`,
      got: `${graph.toFixed(0)} ms (${times(graph / sdks)}), registered after ${registered.toFixed(0)}`,
      reached: graph <= 1.3 * sdks,
    },
    {
      measure: "second `pulumi up` of it, nothing changed",
      want: `≤ 1.5 × an empty program's (${empty.toFixed(2)} s)`,
      got: `${noop.toFixed(2)} s (${times(noop / empty)})`,
      reached: noop <= 1.5 * empty,
    },
  ];
}

/** Of what by hand does in the same time. */
const SHARE = 0.8;
/** MB, of a million bytes. */
const MOST_MEMORY = 150;

export function backupRows({ bytes, ours, byHand }: BackupMeasure): Row[] {
  const perSecond = (seconds: number) => `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`;
  const size = `${(bytes / 1e9).toFixed(1)} GB, ${(bytes / median(ours.map((one) => one.bytes))).toFixed(1)} : 1`;
  const row = (until: Exclude<keyof BackupRound, "bytes">, measure: string, beside: string): Row => {
    const [own, other] = [median(ours.map((one) => one[until])), median(byHand.map((one) => one[until]))];
    return {
      measure,
      want: `≥ ${SHARE} × ${beside} (${perSecond(other)})`,
      got: `${perSecond(own)} (${times(other / own)})`,
      reached: own * SHARE <= other,
    };
  };
  const memory = (Math.max(...ours.map((one) => one.kib)) * 1024) / 1e6;
  const ofAll = (Math.max(...ours.map((one) => one.kibOfAll)) * 1024) / 1e6;
  return [
    row("written", `backup of ${size}: to a file on the server`, "`pg_dump \\| zstd` to a file"),
    row("checked", "backup: the same, and read back", "the same, and `zstd -d \\| pg_restore` to nowhere"),
    row("sent", "backup: the same, and to the bucket", "the same, and sent by curl"),
    row("restored", "restore: from the server's file, checksum compared", "`zstd -d \\| pg_restore`"),
    row("fetched", "restore: from the bucket, checksum compared", "fetched by curl, then the same"),
    {
      measure: "host program's memory while it streams to the bucket and back",
      want: `≤ ${MOST_MEMORY} MB`,
      got: `${memory.toFixed(0)} MB (${ofAll.toFixed(0)} MB with Docker's client)`,
      reached: memory <= MOST_MEMORY,
    },
  ];
}

/** Seconds beyond an ordinary release's. */
const RENEWAL_MOST = 10;

export function renewalRow(renewals: readonly Renewal[]): Row {
  const [rotation, release] = [median(renewals.map((one) => one.rotation)), median(renewals.map((one) => one.release))];
  const [lost, requests] = [renewals.reduce((sum, one) => sum + one.failed, 0), renewals.reduce((sum, one) => sum + one.requests, 0)];
  return {
    measure: `renewing what the stack generates, ${renewals.length} times: whole \`pulumi up\`, watch window among it`,
    want: `≤ a release's (${release.toFixed(1)} s) + ${RENEWAL_MOST} s, 0 failed`,
    got: `${rotation.toFixed(1)} s, ${lost} of ${requests.toLocaleString("en")} failed`,
    reached: rotation <= release + RENEWAL_MOST && lost === 0,
  };
}

export function reviewRow(reviews: readonly Review[]): Row {
  const opened = median(reviews.map((one) => one.opened));
  const [deployed, seeded] = [median(reviews.map((one) => one.deployed)), median(reviews.map((one) => one.seeded))];
  return {
    measure: `environment of a pull request, ${reviews.length} times: from the request to the link, its images built`,
    want: `≤ a first deploy (${deployed.toFixed(1)} s) + its seed (${seeded.toFixed(1)} s)`,
    got: `${opened.toFixed(1)} s`,
    reached: opened <= deployed + seeded,
  };
}

/** Of the default configuration's time and processor time. */
const TLS_MOST = 1.5;

export function tlsRows({ handshakes, kept }: TlsMeasure): Row[] {
  const say = ({ median: middle, processor }: Secured) => `${middle.toFixed(2)} ms, ${processor.toFixed(0)} µs of processor`;
  const row = (measure: string, { edge, byDefault }: TlsMeasure["kept"]): Row => ({
    measure: `${measure}, ${TLS_PER_SECOND.toLocaleString("en")} a second`,
    want: `≤ ${TLS_MOST} × HAProxy as the distribution has it (${say(byDefault)}), 0 failed`,
    got: `${say(edge)} (${times(edge.processor / byDefault.processor)}), p99 ${edge.p99.toFixed(1)} ms beside ${byDefault.p99.toFixed(1)}, ${edge.failed} failed`,
    reached: edge.failed === 0 && edge.median <= TLS_MOST * byDefault.median && edge.processor <= TLS_MOST * byDefault.processor,
  });
  return [row("request by TLS with a handshake of its own", handshakes), row("request by TLS on a connection that is kept", kept)];
}
