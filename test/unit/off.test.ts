/** What a preview says of a stack that people visit and that lacks what they take for granted. */
import { expect, test } from "vitest";
import { offOf } from "../../settings/index.ts";

const BARE = { domain: "shop.example.org", publicUrl: undefined, notify: [] };

test("plain HTTP and nobody who hears anything are said, each with what mends it", () => {
  expect(offOf(BARE)).toEqual([
    "off: HTTPS; visitors of shop.example.org come by plain HTTP. On with: pulumi config set --path 'recoloca:tls.acme.email' ops@recoloca.ai",
    "off: telling anybody how a release ended. On with: pulumi config set --path --secret 'recoloca:notify[0].url'",
  ]);
});

test("with a certificate of its own, behind a proxy that has one, or without a domain there is nothing to say of HTTPS", () => {
  const notify = [{ url: "https://hooks.example.org/x", format: "json" as const }];
  expect(offOf({ ...BARE, notify, tlsCertificate: "PEM", tlsPrivateKey: "PEM" })).toEqual([]);
  expect(offOf({ ...BARE, notify, publicUrl: "https://shop.example.org" })).toEqual([]);
  expect(offOf({ ...BARE, domain: undefined })).toEqual([]);
});
