/** What was deployed: one version on both sides, with nothing broken on the way to the browser. */
import { expect, test } from "@playwright/test";

test("the page and the API are of one release", async ({ page, request }) => {
  const { version } = (await (await request.get("/api/v1/version")).json()) as { version: string };
  await page.goto("/");
  await expect(page.locator("small")).toHaveText(`frontend ${version}, backend ${version}`);
});

test("the page loads with no error and nothing from elsewhere", async ({ page, baseURL }) => {
  const wrong: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && !message.location().url.endsWith("/favicon.ico") && wrong.push(message.text())));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("request", (request) => void (new URL(request.url()).origin !== new URL(baseURL!).origin && wrong.push(request.url())));
  await page.goto("/");
  await expect(page.locator("#version")).not.toHaveText("…");
  expect(wrong).toEqual([]);
});

for (const path of ["/api/v1/health", "/api/v1/auth/health", "/api/v1/users/health"])
  test(`${path} says that all is well`, async ({ request }) => {
    const answer = await request.get(path);
    expect(answer.status()).toBe(200);
    expect(await answer.json()).toMatchObject({ status: "ok" });
  });

test("a job that is queued is done by the worker", async ({ request }) => {
  const name = `job ${Date.now()} ${Math.random()}`;
  expect((await request.post("/api/v1/jobs", { data: { name } })).status()).toBe(202);
  await expect
    .poll(async () => ((await (await request.get("/api/v1/jobs")).json()) as { jobs: { name: string }[] }).jobs.map((job) => job.name), { timeout: 15_000 })
    .toContain(name);
});
