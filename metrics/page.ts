/** The measures as one page that asks nobody for anything: style, chart library and numbers are in it. Pure. */
import { liveAt, type Measures, type Window } from "./dora.ts";
import type { Deployment } from "./deployments.ts";

export interface Shown {
  readonly repository: string;
  readonly window: Window;
  readonly environments: readonly { readonly name: string; readonly measures: Measures; readonly latest: readonly Deployment[] }[];
}

/** Text of uPlot's script and style. */
export interface Charts {
  readonly script: string;
  readonly style: string;
}

const escape = (text: string) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]!);
const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
const percent = (share: number) => `${Math.round(share * 100)} %`;
export const hours = (number: number): string =>
  number < 1 ? `${Math.round(number * 60)} min` : number < 48 ? `${Math.round(number * 10) / 10} h` : `${Math.round((number / 24) * 10) / 10} d`;

/** Name, value, and what is behind it: the same words on the page and in the summary. */
export function rows({
  releases,
  perWeek,
  leadTime,
  failRate,
  recovery,
  reworkRate,
  waiting,
  running,
}: Measures): [name: string, value: string, behind: string][] {
  return [
    [
      "Change lead time",
      leadTime ? hours(leadTime.median) : "–",
      leadTime ? `90 % within ${hours(leadTime.p90)}, ${many(leadTime.commits, "commit")}` : "no release with a known history",
    ],
    ["Deployment frequency", releases > 0 ? `${perWeek} a week` : "–", many(releases, "release")],
    [
      "Change fail rate",
      failRate ? percent(failRate.felt) : "–",
      failRate ? `felt by people; ${percent(failRate.run)} failed before anyone felt it` : "no release",
    ],
    [
      "Failed deployment recovery time",
      recovery?.median === undefined ? "–" : hours(recovery.median),
      recovery ? `${many(recovery.failures, "failure")}${recovery.open > 0 ? `, ${recovery.open} not over` : ""}` : "nothing failed",
    ],
    [
      "Deployment rework rate",
      reworkRate === undefined ? "–" : percent(reworkRate),
      waiting === undefined ? "" : `a release waits ${waiting} min and takes ${running} min`,
    ],
  ];
}

export function summary({ repository, window, environments }: Shown): string {
  const part = ({ name, measures }: Shown["environments"][number]) =>
    `### ${name}\n\n| | | |\n| --- | --- | --- |\n${rows(measures)
      .map((cells) => `| ${cells.join(" | ")} |`)
      .join("\n")}\n`;
  return `## Delivery of ${repository}, ${window.from.slice(0, 10)} to ${window.to.slice(0, 10)}\n\n${environments.map(part).join("\n")}`;
}

export function page(shown: Shown, charts: Charts): string {
  const { repository, window, environments } = shown;
  const data = JSON.stringify(environments.map(({ name, measures: { days } }) => ({ name, days }))).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Delivery of ${escape(repository)}</title>
<style>
${charts.style}
:root { --ground: #fbfbfa; --card: #fff; --ink: #1c1f23; --soft: #667; --line: #e3e4e6; --live: #2f7d5b; --failed: #c2452d; }
@media (prefers-color-scheme: dark) { :root { --ground: #14161a; --card: #1c1f25; --ink: #e9eaec; --soft: #99a; --line: #30343c; --live: #55b98a; --failed: #e8735a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
.when, .behind, caption, th { color: var(--soft); font-size: .85rem; }
.cards { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; }
.value { font-size: 1.6rem; font-variant-numeric: tabular-nums; }
.chart { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; margin-top: .75rem; padding: .75rem; overflow: hidden; }
table { border-collapse: collapse; margin-top: .75rem; width: 100%; } td, th { border-bottom: 1px solid var(--line); padding: .35rem .5rem; text-align: left; }
code { font-family: ui-monospace, monospace; } .u-legend { color: var(--ink); }
</style>
<h1>Delivery of ${escape(repository)}</h1>
<p class="when">${window.from.slice(0, 10)} to ${window.to.slice(0, 10)}, from GitHub's own record of deployments</p>
${environments.map(section).join("\n")}
<script>${charts.script.replaceAll("</script", "<\\/script")}</script>
<script type="application/json" id="data">${data}</script>
<script>
"use strict";
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const bars = uPlot.paths.bars({ size: [0.7, 40] });
const draw = () => {
  for (const { name, days } of JSON.parse(document.getElementById("data").textContent)) {
    const place = document.querySelector('[data-chart="' + name + '"]');
    if (!place) continue;
    place.replaceChildren();
    const series = (label, colour, of) => ({ label, stroke: ink(colour), fill: ink(colour), width: 0, paths: bars, points: { show: false }, value: (_u, _v, _s, at) => at === null || days[at] === undefined ? "" : String(of(days[at])) });
    const axis = { stroke: ink("--soft"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line") } };
    const most = Math.max(1, ...days.map((day) => day.live + day.failed));
    new uPlot({ width: place.clientWidth - 24, height: 180, scales: { y: { range: [0, most] } }, tzDate: (time) => uPlot.tzDate(new Date(time * 1000), "Etc/UTC"), axes: [{ ...axis, values: (_u, times) => times.map((time) => new Date(time * 1000).toISOString().slice(5, 10)) }, { ...axis, incrs: [1, 2, 5, 10, 20, 50] }],
      series: [{ label: "day", value: (_u, time) => time === null ? "" : new Date(time * 1000).toISOString().slice(0, 10) }, series("failed", "--failed", (day) => day.failed), series("live", "--live", (day) => day.live)] },
      [days.map((day) => Date.parse(day.day) / 1000), days.map((day) => day.live + day.failed), days.map((day) => day.live)], place);
  }
};
draw();
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
</script>
</html>
`;
}

function section({ name, measures, latest }: Shown["environments"][number]): string {
  const cards = rows(measures).map(
    ([title, value, behind]) => `<div class="card"><div>${title}</div><div class="value">${value}</div><div class="behind">${behind}</div></div>`,
  );
  const nothing = latest.length === 0;
  return `<section>
<h2>${escape(name)}</h2>
<div class="cards">${cards.join("")}</div>
${nothing ? `<p class="when">Nothing has been deployed to ${escape(name)} yet.</p>` : `<div class="chart" data-chart="${escape(name)}"></div>\n<table><caption>The latest deployments</caption><tr><th>when</th><th>commit</th><th>what</th><th>how it ended</th></tr>${latest.map(line).join("")}</table>`}
</section>`;
}

const line = (one: Deployment) =>
  `<tr><td>${one.at.slice(0, 16).replace("T", " ")}</td><td><code>${escape(one.sha.slice(0, 7))}</code></td><td>${one.kind}</td><td>${liveAt(one) ? "live" : escape(one.states.at(-1)?.state ?? "waiting").replaceAll("_", " ")}</td></tr>`;
