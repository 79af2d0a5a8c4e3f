/** Before anything is built or asked: a checkout in which nobody has made the local stack. */
import { expect, test } from "vitest";
import { localSite } from "../../local/site.ts";
import { pulumiFor } from "../../operate/pulumi-for.ts";

test("without a local stack each command says what makes it, and how another one is named", async () => {
  await expect(pulumiFor("local", "make status STACK=local", { ...localSite, folder: "/nowhere" })).rejects.toThrow(
    "there is no local stack here\n  make local   makes it; for another one: make status STACK=staging",
  );
});
