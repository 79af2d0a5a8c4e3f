/** What becomes of an `authorized_keys` while a stack's key is renewed: other people's lines stay as they are, to the byte. */
import { describe, expect, test } from "vitest";
import { generationIn, hasOlder, letIn, shutOut, type PublicKey } from "../../operate/authorized-keys.ts";

const key = (name: string): PublicKey => ({ type: "ssh-ed25519", blob: `AAAA${name}` });
const [FIRST, SECOND, THIRD] = [key("first"), key("second"), key("third")];
const OWNER = "recoloca-staging";
const OTHERS = "# people\nssh-rsa AAAAana ana@laptop\n\nssh-ed25519 AAAAprod recoloca-production-generation-7\n";
const text = (...lines: string[]) => `${OTHERS}${lines.join("\n")}\n`;

describe("letting one in", () => {
  test("has both open, the one before named", () => {
    expect(letIn(text("ssh-ed25519 AAAAfirst deploy@ci"), OWNER, FIRST, SECOND, 2)).toBe(
      text("ssh-ed25519 AAAAfirst deploy@ci recoloca-staging-generation-1", "ssh-ed25519 AAAAsecond recoloca-staging-generation-2"),
    );
  });
  test("keeps what the one before is restricted to", () => {
    const line = 'from="10.0.0.0/8",command="echo ssh-ed25519 AAAA",no-pty ssh-ed25519 AAAAfirst';
    expect(letIn(text(line), OWNER, FIRST, SECOND, 2)).toBe(
      text(
        `${line} recoloca-staging-generation-1`,
        'from="10.0.0.0/8",command="echo ssh-ed25519 AAAA",no-pty ssh-ed25519 AAAAsecond recoloca-staging-generation-2',
      ),
    );
  });
  test("takes out what a run that was stopped had let in", () => {
    const stopped = text("ssh-ed25519 AAAAfirst x recoloca-staging-generation-1", "ssh-ed25519 AAAAlost recoloca-staging-generation-2");
    expect(letIn(stopped, OWNER, FIRST, SECOND, 2)).toBe(
      text("ssh-ed25519 AAAAfirst x recoloca-staging-generation-1", "ssh-ed25519 AAAAsecond recoloca-staging-generation-2"),
    );
  });
  test("takes the present one where a file has lines of another system, or a comment has it too", () => {
    expect(letIn(" # ssh-ed25519 AAAAfirst x\r\nssh-ed25519 AAAAfirst y\r\n", OWNER, FIRST, SECOND, 2)).toBe(
      " # ssh-ed25519 AAAAfirst x\r\nssh-ed25519 AAAAfirst y recoloca-staging-generation-1\nssh-ed25519 AAAAsecond recoloca-staging-generation-2\n",
    );
  });
  test("is nothing where the present one comes by another way, or is commented out", () => {
    expect(letIn(text(), OWNER, FIRST, SECOND, 2)).toBeUndefined();
    expect(letIn(text("#ssh-ed25519 AAAAfirst"), OWNER, FIRST, SECOND, 2)).toBeUndefined();
  });
});

describe("shutting the others out", () => {
  const three = text(
    "ssh-ed25519 AAAAfirst x recoloca-staging-generation-1",
    "ssh-ed25519 AAAAsecond recoloca-staging-generation-2",
    "ssh-ed25519 AAAAthird recoloca-staging-generation-3",
  );
  test("leaves the present one, and everybody else", () => {
    expect(shutOut(three, OWNER, THIRD)).toBe(text("ssh-ed25519 AAAAthird recoloca-staging-generation-3"));
    expect(hasOlder(three, OWNER, THIRD)).toBe(true);
    expect(hasOlder(shutOut(three, OWNER, THIRD), OWNER, THIRD)).toBe(false);
  });
  test("does nothing in a file that does not have the present one", () => {
    expect(shutOut(three, OWNER, key("fourth"))).toBe(three);
  });
  test("knows a stack whose name begins like another's from it", () => {
    const other = text("ssh-ed25519 AAAAfirst old-recoloca-staging-generation-1", "ssh-ed25519 AAAAsecond recoloca-staging-generation-2");
    expect(shutOut(other, OWNER, SECOND)).toBe(other);
  });
});

test("a key is of a generation, of none, or not there", () => {
  const file = text("ssh-ed25519 AAAAfirst x", "ssh-ed25519 AAAAsecond recoloca-staging-generation-2");
  expect([generationIn(file, OWNER, SECOND), generationIn(file, OWNER, FIRST), generationIn(file, OWNER, THIRD)]).toEqual([2, undefined, null]);
});
