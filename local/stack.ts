/** The stack `local`: its configuration and its calls of Pulumi, on a file backend in the site's folder. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { checkout } from "../tools/cache.ts";
import type { Toolchain } from "../tools/toolchain.ts";
import { attempt, must, type Ran } from "./command.ts";
import type { Images } from "./images.ts";
import { REGISTRY_USER, registryPassword } from "./registry.ts";
import { hostKey, privateKey } from "./server.ts";
import { clearDeadLocks } from "./stale-lock.ts";
import { inSite, registryName, type Site } from "./site.ts";

export const STACK = "local";

type Config = Record<string, unknown>;

/** What `make local` deploys, apart from images and secrets. Tests change it. */
export const settingsOf = (site: Site): Config => ({
  hostAddress: "127.0.0.1",
  hostPort: site.sshPort,
  hostKey: hostKey(site),
  publicUrl: `http://127.0.0.1:${site.httpPort}`,
  registryServer: registryName(site),
  registryUsername: REGISTRY_USER,
  routes: [
    { path: "/api", service: "backend", port: 8000 },
    { path: "/", service: "frontend", port: 3000 },
  ],
  gates: [
    { name: "api", path: "/api/v1/health", timeout: "30s" },
    { name: "auth", path: "/api/v1/auth/health", timeout: "30s" },
    { name: "users", path: "/api/v1/users/health", timeout: "30s" },
    { name: "page", path: "/", timeout: "30s" },
  ],
  backup: { service: "postgres" },
  migration: { service: "backend", command: ["alembic", "upgrade", "head"], revision: ["alembic", "current"] },
  watch: "5s",
  drain: "5s",
});

const fileIn = (site: Site) => inSite(site, `Pulumi.${STACK}.yaml`);
/** Whether `make local` has made one. */
export const isThere = (site: Site): boolean => fs.existsSync(fileIn(site));

export class LocalStack {
  readonly site: Site;
  private readonly toolchain: Toolchain;

  constructor(site: Site, toolchain: Toolchain) {
    this.site = site;
    this.toolchain = toolchain;
  }

  private get file(): string {
    return fileIn(this.site);
  }

  get env(): NodeJS.ProcessEnv {
    const passphrase = inSite(this.site, "passphrase");
    if (!fs.existsSync(passphrase)) fs.writeFileSync(passphrase, randomBytes(24).toString("base64url"), { mode: 0o600 });
    // A person's own for another stack would be taken before the file.
    const { PULUMI_CONFIG_PASSPHRASE: _, ...env } = this.toolchain.env;
    return { ...env, PULUMI_BACKEND_URL: `file://${inSite(this.site, "state")}`, PULUMI_CONFIG_PASSPHRASE_FILE: passphrase };
  }

  pulumi(args: readonly string[], options: { input?: string; onLine?: (line: string) => void } = {}): Promise<Ran> {
    // `pulumi stack export` and its like know no configuration.
    const config = args[0] === "stack" ? [] : ["--config-file", this.file];
    return attempt(this.toolchain.pulumi, [...args, "--stack", STACK, ...config, "--non-interactive", "--color", "never"], {
      cwd: checkout,
      env: this.env,
      ...options,
    });
  }

  private read(): { config?: Config; encryptionsalt?: string } {
    return fs.existsSync(this.file) ? (parse(fs.readFileSync(this.file, "utf8")) as { config?: Config }) : {};
  }

  /** Makes the stack where there is none, and gives it its configuration; only what is missing is encrypted anew. */
  async configure(settings: Config): Promise<void> {
    fs.mkdirSync(inSite(this.site, "state"), { recursive: true, mode: 0o700 });
    const exists = fs.existsSync(inSite(this.site, "state", ".pulumi", "stacks", "recoloca", `${STACK}.json`));
    if (!exists) {
      fs.rmSync(this.file, { force: true });
      // `stack init` knows no --config-file and writes beside Pulumi.yaml, which has the project's name.
      fs.copyFileSync(path.join(checkout, "Pulumi.yaml"), inSite(this.site, "Pulumi.yaml"));
      await must(this.toolchain.pulumi, ["stack", "init", STACK, "--non-interactive"], { cwd: this.site.folder, env: this.env });
    }
    await this.secret("sshPrivateKey", privateKey(this.site));
    await this.secret("registryPassword", registryPassword(this.site));
    await this.secret("secrets.POSTGRES_PASSWORD", randomBytes(18).toString("base64url"));
    const now = this.read();
    const kept = Object.fromEntries(
      Object.entries(now.config ?? {}).filter(([key]) => ["sshPrivateKey", "registryPassword", "secrets", "rotation"].includes(key.replace("recoloca:", ""))),
    );
    const named = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`recoloca:${key}`, value]));
    fs.writeFileSync(this.file, stringify({ ...now, config: { ...kept, ...named } }));
  }

  private async secret(key: string, value: string): Promise<void> {
    const [top = "", inner] = key.split(".");
    const held = this.read().config?.[`recoloca:${top}`] as Config | undefined;
    if (inner === undefined ? held !== undefined : held?.[inner] !== undefined) return;
    // Without a value among its arguments, Pulumi reads it from standard input.
    const ran = await this.pulumi(["config", "set", "--path", "--secret", `recoloca:${key}`], { input: value });
    if (ran.code !== 0) throw new Error(`the stack's secret ${key} cannot be set:\n${ran.output}`);
  }

  up(onLine?: (line: string) => void): Promise<Ran> {
    clearDeadLocks(inSite(this.site, "state"));
    return this.pulumi(["up", "--yes", "--skip-preview"], onLine ? { onLine } : {});
  }
}

export const withImages = (settings: Config, images: Images, version: string): Config => ({
  ...settings,
  images: { backend: images.backend, worker: images.backend, frontend: images.frontend },
  release: version,
  provenance: { actor: "make local" },
  variables: { POSTGRES_IMAGE: images.postgres, REDIS_IMAGE: images.redis },
});
