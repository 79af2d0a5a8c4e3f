/**
 * What Pulumi's SDK and Node do in every program and this one has no use for: more than a second of each preview and each
 * update. Imported before anything else. Where the SDK is built otherwise one day, less is skipped and everything works.
 */
import { createRequire, enableCompileCache } from "node:module";
import * as path from "node:path";

// Half of the start is taking the types away and compiling what is the same as the last time. Beside the packages, where nobody else writes: what is
// kept is run. NODE_COMPILE_CACHE names another folder, NODE_DISABLE_COMPILE_CACHE=1 wants none.
enableCompileCache(path.join(import.meta.dirname, "..", "node_modules", ".cache", "compiled"));

// Node takes this program's types away in place, so lines and columns are right as they are. Pulumi's runner translates every
// stack trace by source maps all the same, also the one that it takes for each promise.
delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;

const sdk = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));

/** Has the module loaded by whoever first uses it, instead of by whoever names it. */
function late(name: string): void {
  let file: string;
  try {
    file = sdk.resolve(name);
  } catch {
    return;
  }
  if (sdk.cache[file]) return;
  const real = (): object => {
    if (sdk.cache[file] === stand) delete sdk.cache[file];
    return sdk(file) as object;
  };
  const exports = new Proxy(
    {},
    {
      // All that compiled import code asks of a module before anybody uses it.
      get: (_, key): unknown => key === "__esModule" || Reflect.get(real(), key),
      has: (_, key) => Reflect.has(real(), key),
      ownKeys: () => Reflect.ownKeys(real()),
      getOwnPropertyDescriptor: (_, key) => {
        const found = Reflect.getOwnPropertyDescriptor(real(), key);
        return found && { ...found, configurable: true };
      },
    },
  );
  const stand = { id: file, filename: file, loaded: true, exports, children: [], paths: [] } as unknown as NodeJS.Module;
  sdk.cache[file] = stand;
}

// One program that drives others; the TypeScript compiler and npm's dependency tree, both for functions that become resources.
for (const name of ["./automation", "./typescript-shim", "@npmcli/arborist"]) late(name);
