/** The hourly look at certificates, where something beside it is not as it should be. */
import * as fs from "node:fs";
import * as path from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import type { CertificateState } from "../../server/certificates.ts";
import { live, root, stackFolder } from "../backup-folder.ts";

const DIRECTORY = "https://authority.test/directory";
const asked: string[] = [];
const forgotten = vi.fn();
let due: boolean;
const DAY = 24 * 3_600_000;
vi.doMock("../../server/certificates.ts", async (original) => ({
  ...(await original<object>()),
  lifeOf: () => ({ from: Date.now() - DAY, until: Date.now() + (due ? DAY / 10 : 80 * DAY), issuer: "a test", fingerprint: "" }),
  forgetExpired: forgotten,
}));
vi.doMock("../../server/certificate-swap.ts", () => ({ isServed: async () => true, putInPlace: async () => undefined }));
vi.doMock("../../server/name-check.ts", () => ({
  whyNotHere: async (name: string) => {
    asked.push(name);
    return "the name leads elsewhere";
  },
}));
vi.doMock("../../server/edge.ts", async (original) => ({
  ...(await original<object>()),
  storedEdge: (stack: string) => ({ stack, tls: { names: ["shop.test"], challenge: true } }),
}));
const { certify } = await import("../../server/certify.ts");
const { setState, stateOf } = await import("../../server/certificates.ts");

const acme = { directory: DIRECTORY, email: "ops@shop.test", addresses: [] };
const good: CertificateState = { stack: "shop-test", by: "acme", directory: DIRECTORY };

beforeEach(() => {
  asked.splice(0);
  forgotten.mockClear();
  due = true;
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  fs.mkdirSync(path.join(root, "certificates"));
  live({ tls: { acme, hsts: 0 }, routes: [{ host: "shop.test", path: "/", service: "web", port: 80 }] });
  setState("shop.test", good);
});

test("another stack whose files are damaged keeps nobody from a certificate, and nothing is forgotten meanwhile", async () => {
  const other = path.join(root, "other-test");
  fs.cpSync(stackFolder, other, { recursive: true });
  fs.writeFileSync(path.join(other, "state.json"), '{"live"');
  await certify();
  expect(asked).toEqual(["shop.test"]);
  expect(forgotten).not.toHaveBeenCalled();
  fs.rmSync(other, { recursive: true });
  await certify();
  expect(forgotten).toHaveBeenCalledWith(["shop.test"]);
});

test("why somebody got no newer one before its time is forgotten while the one that is there is good", async () => {
  due = false;
  const failed = { ...good, problem: "the name leads elsewhere", failures: 2, triedAt: "2026-11-01T00:00:00Z", nextTry: "2026-11-01T02:00:00Z" };
  setState("shop.test", failed);
  await certify();
  expect([asked, stateOf("shop.test")]).toEqual([[], good]);
});
