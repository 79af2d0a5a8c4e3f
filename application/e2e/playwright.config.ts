/** Against an environment that is there already: BASE_URL says where. Without it, what `make local` serves. */
import { defineConfig, devices } from "@playwright/test";

const { BASE_URL = "http://127.0.0.1:8081", CHROMIUM, CI } = process.env;

export default defineConfig({
  testDir: "tests",
  timeout: 30_000,
  forbidOnly: CI !== undefined,
  // One more try, and the report says that it was needed: what runs here goes over the internet.
  retries: CI === undefined ? 0 : 1,
  reporter: "list",
  use: {
    baseURL: BASE_URL,
    trace: "retain-on-failure",
    // A browser of the machine, where Playwright's own cannot be downloaded.
    ...(CHROMIUM !== undefined && { launchOptions: { executablePath: CHROMIUM } }),
  },
  projects: [{ name: "chromium", use: { ...devices["Desktop Chrome"] } }],
});
