/** @pulumi/random as a double: real random values. A password's `bcryptHash` is left out; nothing here asks for it. */
import { randomBytes, randomInt } from "node:crypto";
import { between } from "./aws-account.ts";
import type { Kind, Package } from "./kinds.ts";
import { text, type Values } from "./values.ts";

const CLASSES = [
  ["lower", "abcdefghijklmnopqrstuvwxyz", "minLower"],
  ["upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "minUpper"],
  ["numeric", "0123456789", "minNumeric"],
  ["special", "!@#$%&*()-_=+[]{}<>:?", "minSpecial"],
] as const;

const pick = (letters: string) => letters[randomInt(letters.length)]!;

function shuffled(letters: string[]): string {
  for (let last = letters.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [letters[last], letters[other]] = [letters[other]!, letters[last]!];
  }
  return letters.join("");
}

function password(inputs: Values): Values {
  const classes = CLASSES.filter(([name]) => inputs[name] !== false).map(([name, letters, least]) => ({
    letters: name === "special" ? text(inputs["overrideSpecial"]) || letters : letters,
    least: typeof inputs[least] === "number" ? inputs[least] : 0,
  }));
  const all = classes.map(({ letters }) => letters).join("");
  const must = classes.flatMap(({ letters, least }) => Array.from({ length: least }, () => pick(letters)));
  const rest = Array.from({ length: (inputs["length"] as number) - must.length }, () => pick(all));
  const flags = Object.fromEntries(CLASSES.map(([name]) => [name, inputs[name] ?? true]));
  return { ...flags, number: flags["numeric"], result: shuffled([...must, ...rest]), bcryptHash: undefined };
}

/** Everything that is given makes a new value when it changes. */
const random = (replaces: readonly string[], secret: readonly string[], rules: Kind["rules"], create: Kind["create"]): Kind => ({
  replaces: ["keepers", ...replaces],
  secret,
  ...(rules && { rules }),
  create,
});

const least = (inputs: Values) => CLASSES.reduce((sum, [, , name]) => sum + (typeof inputs[name] === "number" ? inputs[name] : 0), 0);

export const randomPackage: Package = {
  name: "random",
  lookups: {},
  kinds: {
    "random:index/randomPassword:RandomPassword": random(
      ["length", "special", "overrideSpecial", "lower", "upper", "numeric", "number", "minLower", "minUpper", "minNumeric", "minSpecial"],
      ["result"],
      [
        between("length", 1, 10_000),
        (inputs) =>
          least(inputs) > (inputs["length"] as number) ? `The least numbers of characters together are ${least(inputs)}, more than length` : undefined,
        (inputs) => (CLASSES.every(([name]) => inputs[name] === false) ? "At least one of lower, upper, numeric, special must be true" : undefined),
      ],
      // The vendor's are all called "none", which its own provider never looks up; here a world of things is kept by their ids.
      (inputs) => ({ id: `none-${randomBytes(6).toString("hex")}`, outputs: password(inputs) }),
    ),
    "random:index/randomId:RandomId": random(["byteLength", "prefix"], [], [between("byteLength", 1, 10_000)], (inputs) => {
      const bytes = randomBytes(inputs["byteLength"] as number);
      const prefix = text(inputs["prefix"]);
      const url = bytes.toString("base64url");
      const forms = { b64Std: bytes.toString("base64"), b64Url: url, hex: bytes.toString("hex"), dec: BigInt(`0x${bytes.toString("hex")}`).toString() };
      return { id: url, outputs: Object.fromEntries(Object.entries(forms).map(([name, value]) => [name, `${prefix}${value}`])) };
    }),
    "random:index/randomBytes:RandomBytes": random(["length"], ["base64", "hex"], [between("length", 1, 10_000)], (inputs) => {
      const bytes = randomBytes(inputs["length"] as number);
      return { id: "none", outputs: { hex: bytes.toString("hex"), base64: bytes.toString("base64") } };
    }),
  },
};
