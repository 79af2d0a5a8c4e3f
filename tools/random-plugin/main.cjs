/**
 * Stands in for the plugin of @pulumi/random 4.21.2 where it cannot be downloaded: `RandomPassword`, of letters, digits and the vendor's special
 * characters. Everything else of the package is refused by name.
 */
"use strict";
const { randomInt } = require("node:crypto");
const provider = require("@pulumi/pulumi/provider/index.js");

const VERSION = "4.21.2";
const PASSWORD = "random:index/randomPassword:RandomPassword";
const CLASSES = { lower: "abcdefghijklmnopqrstuvwxyz", upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", numeric: "0123456789", special: "!@#$%&*()-_=+[]{}<>:?" };
const KNOWN = ["length", "keepers", ...Object.keys(CLASSES)];

const INSTALL = `install the real plugin with "pulumi plugin install resource random ${VERSION}"`;

function onlyPassword(urn, inputs) {
  const type = urn.split("::")[2]?.split("$").at(-1);
  if (type !== PASSWORD) throw new Error(`the stand-in for the random plugin knows ${PASSWORD} only, not ${type}: ${INSTALL}`);
  const unknown = Object.keys(inputs).filter((key) => !key.startsWith("__") && !KNOWN.includes(key));
  if (unknown.length > 0) throw new Error(`the stand-in for the random plugin does not know ${unknown.join(", ")}: ${INSTALL}`);
}

function password(inputs) {
  const letters = Object.entries(CLASSES)
    .filter(([name]) => inputs[name] !== false)
    .map(([, some]) => some)
    .join("");
  return Array.from({ length: inputs.length }, () => letters[randomInt(letters.length)]).join("");
}

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

provider.main(
  {
    version: VERSION,
    schema: JSON.stringify({ name: "random", version: VERSION }),
    check: async (urn, _olds, news) => {
      onlyPassword(urn, news);
      const long = Number.isInteger(news.length) && news.length >= 1;
      return { inputs: news, failures: long ? [] : [{ property: "length", reason: "expected length to be at least 1" }] };
    },
    // Whatever is asked otherwise is another value.
    diff: async (_id, _urn, olds, news) => {
      const replaces = KNOWN.filter((key) => !same(olds[key], news[key]));
      return { changes: replaces.length > 0, replaces };
    },
    create: async (_urn, inputs) => ({ id: "none", outs: { ...inputs, result: password(inputs) } }),
    read: async (id, _urn, props) => ({ id, props }),
    update: async (_id, _urn, _olds, news) => ({ outs: news }),
    delete: async () => undefined,
  },
  process.argv.slice(2),
);
