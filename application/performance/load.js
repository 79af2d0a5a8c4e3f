/** Visitors who look, and some who add. Thresholds are what staging must reach; results.json is what the pipeline compares with the runs before. */
import { check, sleep } from "k6";
import exec from "k6/execution";
import http from "k6/http";

const base = (__ENV.BASE_URL || "").replace(/\/+$/, "");
const seconds = Number(__ENV.SECONDS || 60);

export const options = {
  scenarios: {
    visitors: {
      executor: "ramping-vus",
      stages: [
        { target: 20, duration: `${seconds / 6}s` },
        { target: 20, duration: `${seconds}s` },
      ],
      gracefulRampDown: "5s",
    },
  },
  thresholds: {
    http_req_duration: ["p(95)<500"],
    http_req_failed: ["rate<0.01"],
    checks: ["rate>0.99"],
  },
  summaryTrendStats: ["avg", "med", "p(95)", "max"],
};

export function setup() {
  if (!base) exec.test.abort("BASE_URL is not set: the address of the environment, such as https://staging.recoloca.ai");
  // The list from here on, so that what earlier runs added makes no run slower.
  return { newest: add("load begins").json("id") };
}

const add = (title) => http.post(`${base}/api/v1/listings`, JSON.stringify({ title }), { headers: { "Content-Type": "application/json" } });

export default function ({ newest }) {
  check(http.get(`${base}/`), { "the page is there": (answer) => answer.status === 200 });
  const listed = http.get(`${base}/api/v1/listings?after=${newest}`);
  check(listed, { "the list is one": (answer) => answer.status === 200 && Array.isArray(answer.json("listings")) });
  // One visitor in ten adds something.
  if (exec.scenario.iterationInTest % 10 === 0) {
    check(add(`load ${exec.scenario.iterationInTest}`), { "what is added has a number": (answer) => answer.status === 201 && answer.json("id") > 0 });
  }
  sleep(1);
}

/** In milliseconds, as a share of 1, and a second. Nothing is written of a run that asked nothing. */
export function handleSummary({ metrics }) {
  const { http_req_duration: took, http_req_failed: failed, http_reqs: requests } = metrics;
  if (!requests) return { stdout: "nothing was asked\n" };
  const round = (value) => Math.round(value * 1000) / 1000;
  const results = { p95_ms: round(took.values["p(95)"]), failed_rate: round(failed.values.rate), requests_per_second: round(requests.values.rate) };
  const missed = Object.entries(metrics).flatMap(([name, { thresholds = {} }]) =>
    Object.entries(thresholds).flatMap(([threshold, { ok }]) => (ok ? [] : [`missed: ${name} ${threshold}\n`])),
  );
  return { "results.json": `${JSON.stringify(results)}\n`, stdout: `${JSON.stringify(results)}\n${missed.join("")}` };
}
