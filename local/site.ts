/** One place to deploy to: its names, ports and files. `make local` has one, each test run has one of its own. */
import * as path from "node:path";
import { localFolder } from "../tools/cache.ts";

export interface Site {
  /** Prefix of every container, volume and network of it. */
  readonly name: string;
  readonly sshPort: number;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly registryPort: number;
  /** Keys, certificates, passwords, the stack's state. */
  readonly folder: string;
}

export const localSite: Site = { name: "recoloca-local", sshPort: 2223, httpPort: 8081, httpsPort: 8441, registryPort: 5443, folder: localFolder("site") };

/** Two test files at a time, each with a server of its own. */
export const testSites: readonly Site[] = [
  { name: "recoloca-test", sshPort: 2224, httpPort: 8082, httpsPort: 8442, registryPort: 5444, folder: localFolder("test-site") },
  { name: "recoloca-test-2", sshPort: 2227, httpPort: 8085, httpsPort: 8445, registryPort: 5447, folder: localFolder("test-site-2") },
];

/** Of the vitest process that this is: it counts them from one. */
export const testSite: Site = testSites[(Number(process.env["VITEST_POOL_ID"] ?? 1) - 1) % testSites.length]!;

/** A second server for tests, without anything that the bootstrap installs. */
export const bareSite: Site = { name: "recoloca-bare", sshPort: 2226, httpPort: 8084, httpsPort: 8444, registryPort: 5446, folder: localFolder("bare-site") };

export const benchmarkSite: Site = {
  name: "recoloca-benchmark",
  sshPort: 2225,
  httpPort: 8083,
  httpsPort: 8443,
  registryPort: 5445,
  folder: localFolder("benchmark-site"),
};

/** Names by which the server is known to the other containers of its site, for those who ask it by name: an authority that certifies them. */
export const NAMES = ["shop.test", "desk.test"] as const;

export const inSite = (site: Site, ...parts: string[]) => path.join(site.folder, ...parts);

/** The registry's name, the same on the machine and inside the server. Engines trust 127.0.0.0/8 without a known authority. */
export const registryName = (site: Site) => `127.0.0.1:${site.registryPort}`;
