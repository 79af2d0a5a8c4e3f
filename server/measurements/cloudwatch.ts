/**
 * The same for CloudWatch: all of it goes to one log group, figures in the embedded metric format, from which CloudWatch makes
 * metrics by itself. So a server needs no agent, and one right: to write to that group.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand, type InputLogEvent } from "@aws-sdk/client-cloudwatch-logs";
import { DIMENSION, METRICS, NAMESPACE, type Metric } from "../../release/metrics.ts";
import type { CloudWatch } from "../../release/observation.ts";
import { explain } from "./explain.ts";
import type { Answer, Order } from "./order.ts";

/** Bounds of one request, of CloudWatch's own: bytes, with so many more for each event, and events. */
const MOST_BYTES = 1_048_576;
const BYTES_BESIDE = 26;
const MOST_EVENTS = 10_000;
/** Milliseconds between the first and the last one: what waited for a day is sent in two. */
const LONGEST = 24 * 3600_000;

const STREAMS = { figures: "measurements", occurrences: "occurrences" } as const;
const streamOf = (service: string) => `containers/${service}`;

export async function sendToCloudWatch(sink: CloudWatch, order: Order): Promise<Answer> {
  const client = new CloudWatchLogsClient({
    region: sink.region,
    ...(sink.endpoint !== undefined && { endpoint: sink.endpoint }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 10_000 },
  });
  const put = async (stream: string, events: readonly InputLogEvent[]) => {
    for (const batch of batchesOf(events)) await putInto(client, sink.group, stream, batch);
  };
  const services = [...new Set(order.lines.map(({ service }) => service))];
  const [figures, lines] = await Promise.all([
    problemOf(sink, () => put(STREAMS.figures, [{ timestamp: Date.parse(order.at), message: embedded(order) }])),
    problemOf(sink, async () => {
      await put(
        STREAMS.occurrences,
        order.occurrences.map(({ at, name, text, attributes }) => ({ timestamp: Date.parse(at), message: JSON.stringify({ name, text, ...attributes }) })),
      );
      for (const service of services)
        await put(
          streamOf(service),
          // An empty line is no event.
          order.lines.filter((line) => line.service === service && line.text !== "").map(({ at, text }) => ({ timestamp: Date.parse(at), message: text })),
        );
    }),
  ]);
  client.destroy();
  return { ...(figures !== undefined && { figures }), ...(lines !== undefined && { lines }) };
}

/** One line of JSON that is a log event, and from which CloudWatch makes the metrics that it names. */
export function embedded({ at, figures, stack, host, release }: Order): string {
  const known = Object.keys(figures) as Metric[];
  const values = Object.fromEntries(known.map((key) => [METRICS[key].name, figures[key]]));
  return JSON.stringify({
    _aws: {
      Timestamp: Date.parse(at),
      CloudWatchMetrics: [
        { Namespace: NAMESPACE, Dimensions: [[DIMENSION]], Metrics: known.map((key) => ({ Name: METRICS[key].name, Unit: METRICS[key].unit })) },
      ],
    },
    [DIMENSION]: stack,
    host,
    ...(release && { release: release.name, number: release.number }),
    ...values,
  });
}

/** In the order of time, as CloudWatch wants them, and no request larger than it takes. */
export function batchesOf(events: readonly InputLogEvent[]): InputLogEvent[][] {
  const batches: InputLogEvent[][] = [];
  let bytes = 0;
  for (const event of [...events].sort((a, b) => a.timestamp! - b.timestamp!)) {
    const size = Buffer.byteLength(event.message!) + BYTES_BESIDE;
    const last = batches.at(-1);
    if (last && last.length < MOST_EVENTS && bytes + size <= MOST_BYTES && event.timestamp! - last[0]!.timestamp! < LONGEST) {
      last.push(event);
      bytes += size;
    } else {
      batches.push([event]);
      bytes = size;
    }
  }
  return batches;
}

async function putInto(client: CloudWatchLogsClient, logGroupName: string, logStreamName: string, logEvents: InputLogEvent[]): Promise<void> {
  const put = () => client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
  await put().catch(async (error: Error) => {
    // Either has this name; where it is the group that is not there, the next request says so.
    if (error.name !== "ResourceNotFoundException") throw error;
    await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName })).catch((again: Error) => {
      if (again.name !== "ResourceAlreadyExistsException") throw again;
    });
    await put();
  });
}

const problemOf = (sink: CloudWatch, work: () => Promise<void>): Promise<string | undefined> =>
  work().then(
    () => undefined,
    (error: Error) => explain(error, sink),
  );
