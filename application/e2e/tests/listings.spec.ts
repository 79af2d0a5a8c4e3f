/** What a visitor does: looks at the list, adds to it, and finds it there again. */
import { randomUUID } from "node:crypto";
import { expect, test } from "@playwright/test";

test("a listing that a visitor adds is the first of the list, and still there after a reload", async ({ page }) => {
  const title = `A flat with a balcony ${randomUUID()}`;
  await page.goto("/");
  await page.getByPlaceholder("A new listing").fill(title);
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.getByRole("listitem").first()).toHaveText(title);
  await expect(page.getByPlaceholder("A new listing")).toHaveValue("");
  await page.reload();
  await expect(page.getByRole("listitem").filter({ hasText: title })).toBeVisible();
});

test("a title is text, whatever is written in it", async ({ page }) => {
  const title = `<b>bold</b> & "quoted" ${randomUUID()}`;
  await page.goto("/");
  await page.getByPlaceholder("A new listing").fill(title);
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.getByRole("listitem").first()).toHaveText(title);
  await expect(page.locator("li b")).toHaveCount(0);
});

test("nothing is added without a title", async ({ page }) => {
  const written: string[] = [];
  page.on("request", (request) => void (request.method() === "POST" && written.push(request.url())));
  await page.goto("/");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.locator("input:invalid")).toBeVisible();
  expect(written).toEqual([]);
});
