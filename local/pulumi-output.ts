/** Pulumi's output, down to what a person at `make local` wants: the deploy's own lines, once. Pure. */
const LIVE = /command:remote:Command \S+ (?:creating|updating|deleting)(?: \(\d+s\))?(?: \[diff: [^\]]*\];?)? ?(.*)$/;
const CHANGES = /^\s+[~+-]+ ?\d+ (?:created|updated|deleted|replaced)/;

/** The text that a remote command printed, or undefined where a line is Pulumi's own progress. */
export function deployLine(line: string): string | undefined {
  const text = LIVE.exec(line)?.[1];
  return text === undefined || text === "" || /^error: /.test(text) ? undefined : text;
}

export const changedSomething = (output: string) => output.split("\n").some((line) => CHANGES.test(line));

/** The program's or a command's own words, without the engine's around them. */
export function reason(output: string): string {
  const diagnostics = output.split(/^Diagnostics:$/m)[1]?.split(/^(?:Resources|Outputs|Duration):/m)[0] ?? output;
  const lines = diagnostics
    .split("\n")
    .filter((line) => !/^\s*(pulumi:pulumi:Stack|error: update failed|command:remote:Command) ?/.test(line) && line.trim() !== "error: update failed")
    .map((line) => line.replace(/^ {4,6}/, ""));
  return lines.join("\n").trim();
}
