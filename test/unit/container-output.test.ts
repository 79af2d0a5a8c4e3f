/** What the engine gives of a container's output, as lines. */
import { describe, expect, test } from "vitest";
import { linesOf, newestOf } from "../../server/container-output.ts";

describe("what the engine gives of a container's output", () => {
  const frame = (stream: 1 | 2, text: string) => {
    const head = Buffer.alloc(8);
    head[0] = stream;
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const time = (nanoseconds: string) => `2026-11-25T18:00:00.${nanoseconds}Z`;

  test("frames of both streams, also where one cuts a line or a letter", () => {
    const long = Buffer.from(`${time("000000002")} Grüße\n`);
    const cut = long.indexOf(Buffer.from("ü")) + 1;
    const halves = [long.subarray(0, cut), long.subarray(cut)].map((part) => {
      const head = Buffer.alloc(8);
      head[0] = 1;
      head.writeUInt32BE(part.length, 4);
      return Buffer.concat([head, part]);
    });
    const bytes = Buffer.concat([frame(2, `${time("000000001")} oh\n`), ...halves, frame(1, `${time("000000003")} \n`)]);
    expect(linesOf(bytes)).toEqual([
      { at: time("000000002"), stream: "stdout", text: "Grüße" },
      { at: time("000000003"), stream: "stdout", text: "" },
      { at: time("000000001"), stream: "stderr", text: "oh" },
    ]);
  });

  test("the text of a terminal; what is no line of the container's; nothing at all", () => {
    expect(linesOf(Buffer.from(`${time("000000001")} a\r\nError response from daemon\n`))).toEqual([{ at: time("000000001"), stream: "stdout", text: "a" }]);
    expect(linesOf(Buffer.alloc(0))).toEqual([]);
  });

  test("of a flood the newest lines are taken, by number and by size, and it is said", () => {
    const lines = (count: number, length: number) =>
      Array.from({ length: count }, (_, index) => ({ at: time(String(index).padStart(9, "0")), stream: "stdout" as const, text: "x".repeat(length) }));
    expect(newestOf(lines(2000, 10))).toHaveLength(2000);
    const many = newestOf(lines(2001, 10));
    expect([many.length, many[0]!.text, many.at(-1)!.at]).toEqual([2001, "recoloca: older lines of this minute are left out", time("000002000")]);
    const large = newestOf(lines(1000, 4000));
    expect([large.length, large[0]!.at]).toEqual([251, time("000000750")]);
  });
});
