/**
 * Durations as people write them: `30s`, `5m`, `1h30m`, `500ms`. One grammar for the stack's configuration and the plan.
 */
const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600 } as const;
const PATTERN = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;

export const DURATION_FORM = "a duration such as 30s, 5m, 1h30m";

/** Seconds, or undefined when the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (!match || text === "") return undefined;
  const [, hours, minutes, seconds, milliseconds] = match;
  const part = (digits: string | undefined, unit: keyof typeof UNITS) => Number(digits ?? 0) * UNITS[unit];
  return part(hours, "h") + part(minutes, "m") + part(seconds, "s") + part(milliseconds, "ms");
}

/** `0.4s`, `12s`, `4m 02s`, `2h 14m`: as short as it can be said. */
export function sayDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const pad = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h ${pad(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86400)}d`;
}
