/** What a deploy will do, for the person who reviews it. Pure. */
import { parse } from "yaml";
import type { Plan } from "../../release/plan.ts";
import type { LiveAnswer } from "../../release/record.ts";

const LABEL = 11;
const short = (image: string) => `sha256:${image.split("@sha256:")[1]?.slice(0, 4) ?? "?"}…`;

export function previewLines(live: LiveAnswer["live"], plan: Plan): string[] {
  const row = (label: string, text: string) => `${label.padEnd(Math.max(LABEL, label.length + 2))}${text}`;
  const named = live === null || live.release === plan.release ? plan.release : `${live.release}  →  ${plan.release}`;
  const services = Object.keys((parse(plan.compose, { merge: true }) as { services: object }).services);
  const rolls = Object.keys(plan.images).sort();
  const untouched = services.filter((name) => !(name in plan.images)).sort();
  return [
    row("release", live === null ? `${plan.release}  (the first one)` : named),
    ...rolls.map((name) => {
      const [old, now] = [live?.images[name], plan.images[name]!];
      if (old === undefined) return row(name, `${short(now)}  starts`);
      return row(
        name,
        old === now ? `${short(now)}  rolls (same image; its definition or environment may have changed)` : `${short(old)}  →  ${short(now)}  rolls`,
      );
    }),
    ...(untouched.length > 0 ? [row(untouched.join(", "), live === null ? "start" : "untouched unless their definition changed")] : []),
    ...(plan.migration ? [row("migration", plan.migration.command.join(" "))] : []),
  ];
}

/** What to say where there is nothing to deploy yet. */
export function howToDeploy(services: readonly string[]): string {
  const [first = "SERVICE"] = services;
  return [
    "nothing is deployed: neither the configuration nor the server names a release. Everything else is in place. To deploy:",
    `  pulumi config set recoloca:release NAME`,
    `  pulumi config set --path 'recoloca:images.${first}' REGISTRY/${first}@sha256:DIGEST    and so on for each service of yours`,
    "  pulumi up",
  ].join("\n");
}
