/** @pulumi/tls as a double: real keys, in all the forms that the provider gives. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import ssh2 from "ssh2";
import { ed25519Pair } from "../key-pair.ts";
import { oneOf } from "./aws-account.ts";
import type { Package } from "./kinds.ts";
import { text, type Values } from "./values.ts";

interface Pair {
  readonly private: string;
  readonly public: string;
}

const CURVES: Readonly<Record<string, 256 | 384 | 521>> = { P256: 256, P384: 384, P521: 521 };

function generate(algorithm: string, bits: number, curve: string): Pair {
  if (algorithm === "ED25519") return ed25519Pair();
  if (algorithm === "RSA") return ssh2.utils.generateKeyPairSync("rsa", { bits });
  return ssh2.utils.generateKeyPairSync("ecdsa", { bits: CURVES[curve]! });
}

const traditional = (key: KeyObject, algorithm: string) =>
  key.export({ format: "pem", type: algorithm === "RSA" ? "pkcs1" : algorithm === "ECDSA" ? "sec1" : "pkcs8" } as { format: "pem"; type: "pkcs8" }) as string;

function privateKey(inputs: Values): Values {
  const algorithm = text(inputs["algorithm"]);
  const bits = typeof inputs["rsaBits"] === "number" ? inputs["rsaBits"] : 2048;
  const curve = text(inputs["ecdsaCurve"]) || "P224";
  const pair = generate(algorithm, bits, curve);
  const parsed = ssh2.utils.parseKey(pair.private);
  if (parsed instanceof Error) throw parsed;
  const key = createPrivateKey(parsed.getPrivatePEM());
  const publicKey = createPublicKey(key).export({ format: "pem", type: "spki" }) as string;
  const blob = parsed.getPublicSSH();
  return {
    rsaBits: bits,
    ecdsaCurve: curve,
    privateKeyOpenssh: pair.private.endsWith("\n") ? pair.private : `${pair.private}\n`,
    privateKeyPem: traditional(key, algorithm),
    privateKeyPemPkcs8: key.export({ format: "pem", type: "pkcs8" }),
    // The provider ends it with a newline, and says nothing of who made it.
    publicKeyOpenssh: `${pair.public.trim().split(" ").slice(0, 2).join(" ")}\n`,
    publicKeyPem: publicKey,
    publicKeyFingerprintMd5: createHash("md5")
      .update(blob)
      .digest("hex")
      .replace(/(..)(?=.)/g, "$1:"),
    publicKeyFingerprintSha256: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
  };
}

const SECRET = ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"];

export const tls: Package = {
  name: "tls",
  lookups: {},
  kinds: {
    "tls:index/privateKey:PrivateKey": {
      replaces: ["algorithm", "rsaBits", "ecdsaCurve"],
      secret: SECRET,
      rules: [
        oneOf("algorithm", ["RSA", "ECDSA", "ED25519"]),
        oneOf("ecdsaCurve", ["P224", "P256", "P384", "P521"]),
        ({ algorithm, ecdsaCurve }) =>
          algorithm === "ECDSA" && (ecdsaCurve ?? "P224") === "P224" ? "P224, the provider's default, has no OpenSSH form: name P256, P384 or P521" : undefined,
      ],
      create: (inputs) => {
        const outputs = privateKey(inputs);
        return { id: text(outputs["publicKeyFingerprintSha256"]).slice("SHA256:".length), outputs };
      },
    },
  },
};
