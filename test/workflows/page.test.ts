/** The page of the metrics, in a real browser. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import chromium from "@sparticuz/chromium";
import { chromium as driver, type Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Deployment } from "../../metrics/deployments.ts";
import { charts, show } from "../../metrics/main.ts";
import { page as pageOf } from "../../metrics/page.ts";

/** Of the package's own, which is made for a place that has room for one process and one page. */
const ALONE = ["--single-process", "--no-zygote"];
let browser: Browser;
beforeAll(async () => {
  const executablePath = await chromium.executablePath();
  const launch = () => driver.launch({ executablePath, args: chromium.args.filter((one) => !ALONE.includes(one)), headless: true });
  // Seen once in some hundred starts: it ended by a SIGSEGV before there was a page. That is no matter of the page's.
  browser = await launch().catch(launch);
}, 120_000);
afterAll(() => browser?.close());

const WINDOW = { from: "2026-09-01T00:00:00Z", to: "2026-11-25T00:00:00Z" };
const live = (day: number): Deployment => ({
  id: day,
  environment: "production",
  sha: `c0ffee${day}00`,
  at: `2026-10-${String(day).padStart(2, "0")}T10:00:00Z`,
  kind: "release",
  states: [
    { state: "in_progress", at: `2026-10-${String(day).padStart(2, "0")}T10:30:00Z` },
    { state: "success", at: `2026-10-${String(day).padStart(2, "0")}T10:40:00Z` },
  ],
  commits: [{ sha: "a", at: `2026-10-${String(day).padStart(2, "0")}T08:40:00Z`, subject: "x", merge: false, bot: false }],
});

async function seen(deployments: Deployment[], scheme: "light" | "dark") {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "page-")), "index.html");
  fs.writeFileSync(file, pageOf(show("recoloca/recoloca", ["staging", "production"], { deployments, incidents: [] }, WINDOW), charts()));
  const context = await browser.newContext({ colorScheme: scheme, locale: "en-GB", viewport: { width: 1100, height: 900 } });
  const page = await context.newPage();
  const [requests, errors]: [string[], string[]] = [[], []];
  page.on("request", (request) => void requests.push(request.url()));
  page.on("pageerror", (error) => void errors.push(error.message));
  page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())));
  await page.goto(pathToFileURL(file).href);
  const text = await page.innerText("body");
  const drawn = await page.evaluate<boolean[]>(
    '[...document.querySelectorAll("canvas")].map((one) => one.getContext("2d").getImageData(0, 0, one.width, one.height).data.some((value) => value > 0))',
  );
  const ground = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  const wider = await page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth");
  if (process.env["KEEP"]) await page.screenshot({ path: path.join(process.env["KEEP"], `delivery-${scheme}-${deployments.length}.png`), fullPage: true });
  await context.close();
  return { text, drawn, ground, wider, errors, outside: requests.filter((url) => !url.startsWith("file:")) };
}

test("it shows the numbers and draws the chart, and asks nobody for anything", async () => {
  const { text, drawn, wider, errors, outside } = await seen([1, 2, 3, 8, 15].map(live), "light");
  expect(text).toContain("Change lead time\n2 h");
  expect(text).toContain("0.41 a week");
  expect(text).toContain("Nothing has been deployed to staging yet.");
  expect([drawn, wider, errors, outside]).toEqual([[true], false, [], []]);
});

test("in the dark it is dark", async () => {
  const [light, dark] = [await seen([live(1)], "light"), await seen([live(1)], "dark")];
  expect([light.ground, dark.ground]).toEqual(["rgb(251, 251, 250)", "rgb(20, 22, 26)"]);
  expect(dark.errors).toEqual([]);
});

test("without any data it is a page all the same", async () => {
  const { text, drawn, errors } = await seen([], "light");
  expect([drawn, errors]).toEqual([[], []]);
  expect(text).toContain("Nothing has been deployed to production yet.");
});
