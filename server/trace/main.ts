/**
 * A program of its own, put on the host only where a stack wants traces: reads a record on standard input and sends it as one
 * OpenTelemetry trace, a span for the release and one for each of its steps. Beside the host program, whose start it would slow.
 */
import { SpanStatusCode, trace, ROOT_CONTEXT } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { Telemetry } from "../../release/plan.ts";
import type { JournalLine, ReleaseRecord } from "../../release/record.ts";
import { carryOut } from "../one-order.ts";
import { collectorOf, outcomeOf } from "../otlp.ts";

const MILLISECONDS = 5000;

export interface Told {
  readonly telemetry: Telemetry;
  readonly stack: string;
  readonly record: ReleaseRecord;
}

interface Step {
  readonly name: string;
  readonly from: Date;
  readonly to: Date;
  /** What was told in it. */
  readonly lines: readonly JournalLine[];
}

/** From one step's beginning to the next one's. */
function stepsOf({ journal }: ReleaseRecord): Step[] {
  const begins = journal.flatMap((line, index) => (line.doing ? [{ line, index }] : []));
  return begins.map(({ line, index }, which) => {
    const end = begins[which + 1]?.index ?? journal.length;
    const last = journal[Math.min(end, journal.length - 1)]!;
    return { name: line.doing!, from: new Date(line.at), to: new Date(last.at), lines: journal.slice(index + 1, end).filter((one) => one.text !== "") };
  });
}

async function send({ telemetry, stack, record }: Told): Promise<void> {
  const exporter = new OTLPTraceExporter(collectorOf(telemetry, "traces", MILLISECONDS));
  const failure = await outcomeOf(exporter, () => exportTrace(exporter, stack, record));
  if (failure !== undefined) throw new Error(failure);
}

async function exportTrace(exporter: OTLPTraceExporter, stack: string, record: ReleaseRecord): Promise<void> {
  const { application, environment } = record;
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": application, "deployment.environment.name": environment }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer("recoloca");
  const root = tracer.startSpan(`${record.rollback ? "rollback" : "deploy"} ${stack}`, {
    startTime: new Date(record.startedAt),
    attributes: {
      "recoloca.release.number": record.number,
      "recoloca.release": record.release,
      "recoloca.outcome": record.outcome ?? "",
      ...(record.provenance.actor !== undefined && { "recoloca.actor": record.provenance.actor }),
      ...(record.provenance.commit !== undefined && { "vcs.ref.head.revision": record.provenance.commit }),
      ...(record.provenance.run !== undefined && { "cicd.pipeline.run.id": record.provenance.run }),
    },
  });
  const within = trace.setSpan(ROOT_CONTEXT, root);
  for (const step of stepsOf(record)) {
    const span = tracer.startSpan(step.name, { startTime: step.from }, within);
    for (const line of step.lines) span.addEvent(line.text, {}, new Date(line.at));
    span.end(step.to);
  }
  if (record.outcome !== "live") root.setStatus({ code: SpanStatusCode.ERROR, ...(record.reason !== undefined && { message: record.reason }) });
  root.end(new Date(record.endedAt ?? record.startedAt));
  await provider.forceFlush();
  await provider.shutdown();
}

carryOut<Told>(send);
