/** Sending by OTLP over HTTP, of whatever kind: where to, and what became of it. */
export type Signal = "traces" | "metrics" | "logs";

interface Endpoint {
  readonly endpoint: string;
  readonly headers: Record<string, string>;
}

/** As exporters want it. */
export const collectorOf = ({ endpoint, headers }: Endpoint, signal: Signal, timeoutMillis: number) => ({
  url: `${endpoint.replace(/\/$/, "")}/v1/${signal}`,
  headers,
  timeoutMillis,
});

interface Exporting<Batch> {
  export(batch: Batch, done: (result: { readonly error?: Error }) => void): void;
}

/** Why an export failed: the SDK keeps that for itself, and here it is the whole point. */
export async function outcomeOf<Batch, Exporter extends Exporting<Batch>>(
  exporter: Exporter,
  work: (exporter: Exporter) => Promise<void>,
): Promise<string | undefined> {
  let failure: Error | undefined;
  const send = exporter.export.bind(exporter);
  exporter.export = (batch, done) =>
    send(batch, (result) => {
      failure ??= result.error;
      done(result);
    });
  await work(exporter).catch((error: Error) => (failure ??= error));
  return failure && (failure.message || failure.name);
}
