/** A stack of any program of this repository on the real engine: a file backend, a configuration and a passphrase of its own, in one folder. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { attempt, must, type Ran } from "../../local/command.ts";
import { clearDeadLocks } from "../../local/stale-lock.ts";
import { ensureToolchain, type Toolchain } from "../../tools/toolchain.ts";

export type Config = Readonly<Record<string, unknown>>;
interface StackFile {
  readonly config?: Config;
  readonly encryptionsalt?: string;
}

export interface Program {
  /** The folder with Pulumi.yaml. */
  readonly program: string;
  /** Of the stack: `staging`. */
  readonly name: string;
  /** State, configuration, passphrase: made where there is none. */
  readonly folder: string;
  /** Beside the toolchain's: the doubles'. */
  readonly env?: NodeJS.ProcessEnv;
}

export class TestStack {
  private readonly made: Program;
  private readonly toolchain: Toolchain;

  private constructor(made: Program, toolchain: Toolchain) {
    this.made = made;
    this.toolchain = toolchain;
  }

  /** Opens the stack, and makes it where there is none. */
  static async open(made: Program): Promise<TestStack> {
    const stack = new TestStack(made, await ensureToolchain(() => undefined));
    fs.mkdirSync(stack.at("state"), { recursive: true, mode: 0o700 });
    if (!fs.existsSync(stack.at("passphrase"))) fs.writeFileSync(stack.at("passphrase"), randomBytes(24).toString("base64url"), { mode: 0o600 });
    if (!fs.existsSync(stack.file)) await stack.make();
    return stack;
  }

  private at(...parts: string[]): string {
    return path.join(this.made.folder, ...parts);
  }

  private get file(): string {
    return this.at(`Pulumi.${this.made.name}.yaml`);
  }

  private get env(): NodeJS.ProcessEnv {
    const own = Object.fromEntries(Object.entries(this.toolchain.env).filter(([key]) => !key.startsWith("AWS_")));
    return { ...own, PULUMI_BACKEND_URL: `file://${this.at("state")}`, PULUMI_CONFIG_PASSPHRASE_FILE: this.at("passphrase"), ...this.made.env };
  }

  /** For an operator's commands on this stack, as `make` runs them: they call Pulumi themselves. */
  get forOperators(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.env, PULUMI_OPTION_CONFIG_FILE: this.file };
  }

  /** `pulumi stack init` writes beside Pulumi.yaml, where the repository's own file of that name may be: it gets a folder with a copy. */
  private async make(): Promise<void> {
    const aside = this.at("init");
    fs.mkdirSync(aside, { recursive: true });
    fs.copyFileSync(path.join(this.made.program, "Pulumi.yaml"), path.join(aside, "Pulumi.yaml"));
    await must(this.toolchain.pulumi, ["stack", "init", this.made.name, "--non-interactive"], { cwd: aside, env: this.env });
    fs.renameSync(path.join(aside, `Pulumi.${this.made.name}.yaml`), this.file);
    fs.rmSync(aside, { recursive: true });
  }

  /** The configuration that the repository has for this stack. */
  get shipped(): Config {
    return (parse(fs.readFileSync(path.join(this.made.program, `Pulumi.${this.made.name}.yaml`), "utf8")) as StackFile).config ?? {};
  }

  /** Sets the whole plain configuration, full keys such as `aws:region`; secrets that were set stay. */
  configure(config: Config): void {
    const now = parse(fs.readFileSync(this.file, "utf8")) as StackFile;
    const kept = Object.fromEntries(Object.entries(now.config ?? {}).filter(([, value]) => JSON.stringify(value).includes('"secure":')));
    fs.writeFileSync(this.file, stringify({ ...now, config: { ...config, ...kept } }));
  }

  /** `recoloca:sshPrivateKey`, or a path: `recoloca:secrets.POSTGRES_PASSWORD`. */
  async secret(key: string, value: string): Promise<void> {
    const ran = await this.pulumi(["config", "set", "--path", "--secret", key], { input: value });
    if (ran.code !== 0) throw new Error(`the stack's secret ${key} cannot be set:\n${ran.output}`);
  }

  pulumi(args: readonly string[], options: { readonly input?: string; readonly onLine?: (line: string) => void } = {}): Promise<Ran> {
    clearDeadLocks(this.at("state"));
    // `pulumi stack export` and its like know no configuration.
    const config = args[0] === "stack" || args[0] === "state" ? [] : ["--config-file", this.file];
    return attempt(this.toolchain.pulumi, [...args, "--stack", this.made.name, ...config, "--non-interactive", "--color", "never"], {
      cwd: this.made.program,
      env: this.env,
      ...options,
    });
  }

  up(...more: string[]): Promise<Ran> {
    return this.pulumi(["up", "--yes", "--skip-preview", ...more]);
  }

  preview(...more: string[]): Promise<Ran> {
    return this.pulumi(["preview", "--diff", ...more]);
  }

  refresh(...more: string[]): Promise<Ran> {
    return this.pulumi(["refresh", "--yes", "--skip-preview", ...more]);
  }

  destroy(...more: string[]): Promise<Ran> {
    return this.pulumi(["destroy", "--yes", "--skip-preview", ...more]);
  }

  /** The state as it is kept: secrets in it are encrypted. */
  async state(): Promise<string> {
    return (await this.pulumi(["stack", "export"])).stdout;
  }

  async outputs(): Promise<Record<string, unknown>> {
    const ran = await this.pulumi(["stack", "output", "--json", "--show-secrets"]);
    if (ran.code !== 0) throw new Error(ran.output);
    return JSON.parse(ran.stdout) as Record<string, unknown>;
  }
}
