/** Figures as gauges, what happened and what containers print as log records: with OpenTelemetry's own SDK, by OTLP over HTTP. */
import { SeverityNumber, type Logger } from "@opentelemetry/api-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { METRICS, type Metric } from "../../release/metrics.ts";
import type { Otlp } from "../../release/observation.ts";
import { collectorOf, outcomeOf, type Signal } from "../otlp.ts";
import type { Answer, Order } from "./order.ts";

const MILLISECONDS = 10_000;
/** Records in one request: collectors refuse bodies of some megabytes. */
const AT_ONCE = 500;

/** OpenTelemetry's units, in UCUM. */
const UNITS = { Percent: "%", Count: "1", Seconds: "s", None: "1" } as const;

export async function sendOtlp(sink: Otlp, order: Order): Promise<Answer> {
  const to = (signal: Signal) => collectorOf(sink, signal, MILLISECONDS);
  const resource = resourceFromAttributes({
    "service.name": order.application,
    "deployment.environment.name": order.environment,
    "host.name": order.host,
    ...(order.release && { "service.version": order.release.name }),
  });
  const [figures, lines] = await Promise.all([
    outcomeOf(new OTLPMetricExporter(to("metrics")), async (exporter) => {
      const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000, exportTimeoutMillis: MILLISECONDS });
      const provider = new MeterProvider({ resource, readers: [reader] });
      const meter = provider.getMeter("recoloca");
      for (const [key, figure] of Object.entries(order.figures) as [Metric, number][]) {
        const { name, unit, says } = METRICS[key];
        meter.createGauge(name, { unit: UNITS[unit], description: says }).record(figure);
      }
      // Ends with the one export that there is.
      await provider.shutdown();
    }),
    outcomeOf(new OTLPLogExporter(to("logs")), async (exporter) => {
      if (order.lines.length + order.occurrences.length === 0) return;
      const processor = new BatchLogRecordProcessor({
        exporter,
        maxExportBatchSize: AT_ONCE,
        maxQueueSize: order.lines.length + order.occurrences.length + 1,
        scheduledDelayMillis: 3_600_000,
        exportTimeoutMillis: MILLISECONDS,
      });
      const provider = new LoggerProvider({ resource, processors: [processor] });
      emit(provider.getLogger("recoloca"), order);
      await provider.shutdown();
    }),
  ]);
  return { ...(figures !== undefined && { figures }), ...(lines !== undefined && { lines }) };
}

function emit(logger: Logger, { occurrences, lines }: Order): void {
  for (const { at, name, text, attributes } of occurrences)
    logger.emit({ eventName: `recoloca.${name}`, timestamp: new Date(at), severityNumber: SeverityNumber.INFO, body: text, attributes });
  for (const { at, container, service, stream, text } of lines)
    logger.emit({
      timestamp: nanosecondsOf(at),
      body: text,
      attributes: { "container.id": container, "recoloca.service": service, "log.iostream": stream },
    });
}

/** Seconds since 1970, and nanoseconds of the last one: a Date would lose the order of lines. */
const nanosecondsOf = (at: string): [number, number] => [Math.floor(Date.parse(at.slice(0, 19) + "Z") / 1000), Number(at.slice(20, 29))];
