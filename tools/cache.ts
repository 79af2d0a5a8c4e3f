/** Where builds and downloads are kept for the next checkout: outside of it, in folders named by version. */
import * as os from "node:os";
import * as path from "node:path";

export const checkout = path.resolve(import.meta.dirname, "..");

export const cacheFolder = (...parts: string[]): string => path.join(process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"), "recoloca", ...parts);

/** What belongs to this checkout alone; git does not see it. */
export const localFolder = (...parts: string[]): string => path.join(checkout, ".local", ...parts);
