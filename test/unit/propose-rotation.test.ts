/** What the clock proposes, from a stack's file alone. */
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { propose } from "../../operate/propose-rotation.ts";

const TODAY = "2026-11-25";
const file = (rotation: string) => `# A word to whoever reads this.
encryptionsalt: v1:abc
config:
  recoloca:domain: shop.example # stays
  recoloca:secrets:
    POSTGRES_PASSWORD:
      secure: v1:aaaa
    SECRET_KEY:
      secure: v1:bbbb
    STRIPE_SECRET_KEY:
      secure: v1:cccc
${rotation}`;

describe("a stack whose secrets are young", () => {
  const young = file(`  recoloca:rotation:
    POSTGRES_PASSWORD: { generation: 2, since: 2026-11-20 }
    SECRET_KEY: { generation: 2, since: 2026-11-20, until: 2026-12-20 }
    STRIPE_SECRET_KEY: { generation: 1, since: 2026-11-20 }
`);
  test("has nothing proposed, and no issue", () => {
    const { text, findings, summary } = propose("staging", young, TODAY);
    expect([text, findings]).toEqual([undefined, []]);
    expect(summary).toBe("### Secrets of staging\n\nNothing that the stack renews by itself is due.");
  });
  test("has an overlap ended on the day after its last one", () => {
    const { text } = propose("staging", young, "2026-12-21");
    expect((parse(text!) as { config: Record<string, unknown> }).config["recoloca:rotation"]).toMatchObject({
      SECRET_KEY: { generation: 2, since: "2026-11-20" },
    });
    expect(text).not.toContain("until");
  });
});

test("a person's value before goes out of the file with its day, and no other does", () => {
  const overlapping = file(`    STRIPE_SECRET_KEY_PREVIOUS:
      secure: v1:dddd
    STRIPE_WEBHOOK_SECRET:
      secure: v1:eeee
    STRIPE_WEBHOOK_SECRET_PREVIOUS:
      secure: v1:ffff
  recoloca:rotation:
    POSTGRES_PASSWORD: { generation: 2, since: 2026-11-20 }
    SECRET_KEY: { generation: 2, since: 2026-11-20 }
    STRIPE_SECRET_KEY: { generation: 1, since: 2026-11-20 }
    STRIPE_WEBHOOK_SECRET: { generation: 2, since: 2026-10-20, until: 2026-11-24 }
`);
  const { text } = propose("staging", overlapping, TODAY);
  expect(text).not.toMatch(/until|ffff/);
  expect(text).toContain("v1:eeee");
  expect(text).toContain("v1:dddd");
  expect(propose("staging", overlapping, "2026-11-24").text).toBeUndefined();
});

describe("a stack whose secrets are old, or of which nobody knows", () => {
  const { text, findings, summary } = propose("production", file("  recoloca:rotation:\n    POSTGRES_PASSWORD: { generation: 4, since: 2026-08-01 }\n"), TODAY);
  test("gets its next numbers, and nothing else of its file is touched", () => {
    expect(text).toBe(
      file(`  recoloca:rotation:
    POSTGRES_PASSWORD: { generation: 5, since: "${TODAY}" }
    SECRET_KEY: { generation: 2, since: "${TODAY}", until: "2026-12-25" }
`),
    );
  });
  test("has one reminder for each that only a person can renew, with the command", () => {
    expect(findings.map(({ id, title }) => [id, title])).toEqual([
      ["rotation-production-STRIPE_SECRET_KEY", "STRIPE_SECRET_KEY of production is to be renewed by a person"],
    ]);
    expect(findings[0]!.body).toContain("make rotate STACK=production SECRET=STRIPE_SECRET_KEY");
    expect(findings[0]!.body).toContain("Who sees to it: payments.");
  });
  test("has a summary of it", () => {
    expect(summary).toContain("| POSTGRES_PASSWORD | generation 5 |\n| SECRET_KEY | generation 2, the one before until 2026-12-25 |");
    expect(summary).toContain("- STRIPE_SECRET_KEY is due, and asks a person for its new value");
  });
});

test("what the Compose file cannot take is left out, with why, and holds up no other", () => {
  const compose = `services:
  web: { image: w, environment: { U: "\${DATABASE_USER:-shop}", P: "\${DATABASE_PASSWORD}", K: "\${SECRET_KEY}" } }
  postgres: { image: p, environment: { POSTGRES_PASSWORD: "\${POSTGRES_PASSWORD}" } }
`;
  const rotationIn = (text: string | undefined) => (parse(text!) as { config: Record<string, unknown> }).config["recoloca:rotation"];
  const { text, summary } = propose("staging", file(""), TODAY, compose);
  expect(rotationIn(text)).toEqual({ POSTGRES_PASSWORD: { generation: 2, since: TODAY } });
  expect(summary).toContain("SECRET_KEY is left out: SECRET_KEY_PREVIOUS reaches no service");
  const whole = compose.replace("K:", 'K2: "${SECRET_KEY_PREVIOUS:-}", K:');
  expect(Object.keys(rotationIn(propose("staging", file(""), TODAY, whole).text) as object)).toEqual(["POSTGRES_PASSWORD", "SECRET_KEY"]);
});

test("a file without a rotation gets one", () => {
  const { text } = propose("staging", file(""), TODAY);
  expect((parse(text!) as { config: Record<string, unknown> }).config["recoloca:rotation"]).toEqual({
    POSTGRES_PASSWORD: { generation: 2, since: TODAY },
    SECRET_KEY: { generation: 2, since: TODAY, until: "2026-12-25" },
  });
});
