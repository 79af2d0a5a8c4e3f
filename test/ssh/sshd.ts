/** Real SSH servers on this machine's loopback addresses: each with keys and files of its own in a temporary folder, and gone with it. */
import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { must, until } from "../../local/command.ts";
import { freePort } from "../free-port.ts";

export interface Keys {
  /** OpenSSH's form. */
  readonly secret: string;
  /** Type and key, as they are pinned and authorized. */
  readonly open: string;
  readonly file: string;
}

/** For whoever runs the tests: no other account is needed. */
export const user = os.userInfo().username;

export class Folder {
  readonly path = fs.mkdtempSync(path.join(os.tmpdir(), "sshd-"));

  in(...parts: string[]): string {
    return path.join(this.path, ...parts);
  }

  async keys(name: string): Promise<Keys> {
    const file = this.in(name);
    await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
    const open = fs.readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
    return { secret: fs.readFileSync(file, "utf8"), open, file };
  }

  remove(): void {
    fs.rmSync(this.path, { recursive: true, force: true });
  }
}

export interface Wish {
  readonly name: string;
  /** A loopback address. */
  readonly host: string;
  readonly hostKey: Keys;
  readonly authorized: Keys;
  /** Before the key in authorized_keys. */
  readonly options?: string;
  /** @default false */
  readonly bastion?: boolean;
  /** More lines of sshd_config. */
  readonly more?: readonly string[];
}

export class Sshd {
  readonly host: string;
  readonly port: number;
  private readonly config: string;
  private process: ChildProcess | undefined;
  /** What it wrote so far. */
  log = "";

  private constructor(host: string, port: number, config: string) {
    this.host = host;
    this.port = port;
    this.config = config;
  }

  static async start(folder: Folder, { name, host, hostKey, authorized, options, bastion = false, more = [] }: Wish): Promise<Sshd> {
    const port = await freePort(host);
    const config = folder.in(`${name}.conf`);
    fs.writeFileSync(folder.in(`${name}.authorized`), `${[options, authorized.open].filter(Boolean).join(" ")}\n`, { mode: 0o600 });
    const lines = [
      `ListenAddress ${host}:${port}`,
      `HostKey ${hostKey.file}`,
      `AuthorizedKeysFile ${folder.in(`${name}.authorized`)}`,
      "PidFile none",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin prohibit-password",
      // The temporary folder's parent belongs to everybody.
      "StrictModes no",
      // A bastion says only with DEBUG1 where it forwards to; a server would say such things to those who are logged in as well.
      `LogLevel ${bastion ? "DEBUG1" : "VERBOSE"}`,
    ];
    fs.writeFileSync(config, `${[...more, ...lines].join("\n")}\n`);
    const sshd = new Sshd(host, port, config);
    await sshd.start();
    return sshd;
  }

  async start(): Promise<void> {
    const command = ["/usr/sbin/sshd", "-D", "-e", "-f", this.config];
    // As root it wants /run/sshd, which a running system has; here it gets a /run of its own, that nobody else sees.
    const own = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"', "sh", ...command];
    const [program = "", ...args] = process.getuid?.() === 0 && !fs.existsSync("/run/sshd") ? own : command;
    const seen = this.log.length;
    const child = (this.process = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] }));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.log += text));
    await until(`sshd listens: ${this.log}`, 10, async () => {
      if (child.exitCode !== null) throw new Error(`sshd ended:\n${this.log}`);
      return this.log.slice(seen).includes("Server listening on");
    });
  }

  /** With everybody who is logged in. */
  async stop(): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("close", done));
    for (const pid of [...descendants(child.pid!), child.pid!]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself meanwhile.
      }
    }
    await ended;
  }

  private count(text: RegExp): number {
    return this.log.match(text)?.length ?? 0;
  }

  /** Who knocked so far. */
  get connections(): number {
    return this.count(/^Connection from /gm);
  }

  /** How often this bastion was asked to forward to another one. */
  forwards(to: Sshd): number {
    return this.count(new RegExp(`server_request_direct_tcpip: originator .* target ${to.host} port ${to.port}`, "g"));
  }
}

function descendants(pid: number): number[] {
  let children: number[] = [];
  try {
    children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    // Gone.
  }
  return children.flatMap((child) => [...descendants(child), child]);
}
