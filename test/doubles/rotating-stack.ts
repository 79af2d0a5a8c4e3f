/** A stack in memory for `make rotate`: its configuration, what is live on its server, and the commands of Pulumi that change the first and bring the second. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Rotating } from "../../operate/rotate.ts";

export const TODAY = "2026-11-25";
export const folder = fs.mkdtempSync(path.join(os.tmpdir(), "recoloca-rotate-"));
fs.writeFileSync(
  path.join(folder, "compose.yaml"),
  `services:
  web: { image: w, environment: { U: "\${DATABASE_USER:-shop}", P: "\${DATABASE_PASSWORD}", K: "\${SECRET_KEY}", K2: "\${SECRET_KEY_PREVIOUS:-}", S: "\${STRIPE_SECRET_KEY}", H: "\${STRIPE_WEBHOOK_SECRET}", H2: "\${STRIPE_WEBHOOK_SECRET_PREVIOUS:-}" } }
  postgres: { image: p, environment: { POSTGRES_PASSWORD: "\${POSTGRES_PASSWORD}" } }
`,
);

export type Rotation = Record<string, { generation: number; since: string; until?: string }>;

/** A stack whose update takes its configuration over, unless a secret that it renews is one that fails. */
export class RotatingStack {
  secrets: Record<string, string> = {
    POSTGRES_PASSWORD: "MARKER-p",
    SECRET_KEY: "MARKER-k",
    STRIPE_SECRET_KEY: "sk_test_MARKER",
    STRIPE_WEBHOOK_SECRET: "whsec_MARKER",
  };
  rotation: Rotation;
  live: Rotation;
  sshPrivateKey = "MARKER-ssh";
  backupBucketKeys: Record<string, string> | undefined;
  failing: string[] = [];
  /** How the newest release of the server ended; "not yet" while it goes on without its connection. */
  newest: "not yet" | "stuck" | undefined;
  /** What the live release's record says of what it renewed: whether the login before was closed, and forgotten; and whether resume closes it. */
  left: { readonly closed?: boolean; readonly forgotten?: boolean; readonly closes?: boolean } | undefined;
  /** What is to end this run, as a kill would: the words of a command of Pulumi. */
  killedAt: RegExp | undefined;
  readonly said: string[] = [];
  readonly commands: string[] = [];
  readonly inputs: string[] = [];

  constructor(rotation: Rotation = {}, live: Rotation = rotation) {
    this.rotation = structuredClone(rotation);
    this.live = structuredClone(live);
  }

  raw() {
    const values = {
      hostAddress: "h",
      hostKey: "ssh-ed25519 AAAA",
      sshPrivateKey: this.sshPrivateKey,
      composeFile: "compose.yaml",
      routes: '[{"path":"/","service":"web","port":80}]',
      secrets: JSON.stringify(this.secrets),
      ...(this.backupBucketKeys && {
        backup: '{"service":"postgres"}',
        backupBucket: '{"name":"backups","region":"eu-central-1"}',
        backupBucketKeys: JSON.stringify(this.backupBucketKeys),
      }),
      ...(Object.keys(this.rotation).length > 0 && { rotation: JSON.stringify(this.rotation) }),
    };
    return { values, encrypted: new Set(["sshPrivateKey", "secrets", "backupBucketKeys"]) };
  }

  /** As the server says it, which knows nothing of days to come. */
  private known() {
    return Object.fromEntries(Object.entries(this.live).map(([name, { generation, since }]) => [name, { generation, since }]));
  }

  private pulumi(args: readonly string[], input?: string) {
    const line = args.join(" ");
    if (this.killedAt?.test(line)) throw new Error("killed");
    this.commands.push(line);
    if (input !== undefined) this.inputs.push(input);
    const key = args.at(-1)!.replace("recoloca:", "");
    if (line === "config set --path --secret recoloca:sshPrivateKey") this.sshPrivateKey = input!;
    else if (key.startsWith("backupBucketKeys.")) this.backupBucketKeys![key.split(".")[1]!] = input!;
    else if (line.startsWith("config set --path --secret")) this.secrets[key.replace("secrets.", "")] = input!;
    if (line.startsWith("config set-all"))
      for (const pair of args.filter((one) => one.startsWith("recoloca:"))) {
        const [, name, field, value] = /^recoloca:rotation\.(\w+)\.(\w+)=(.*)$/.exec(pair)!;
        (this.rotation[name!] ??= { generation: 1, since: "" })[field as "since"] = field === "generation" ? (Number(value) as unknown as string) : value!;
      }
    const [, numbered, generation] = /^config set --path recoloca:rotation\.(\w+)\.generation (\d+)$/.exec(line) ?? [];
    if (numbered !== undefined) this.rotation[numbered]!.generation = Number(generation);
    if (line.startsWith("config rm --path recoloca:rotation.")) {
      const [, name, until] = /rotation\.(\w+)(\.until)?$/.exec(line)!;
      if (until) delete this.rotation[name!]?.until;
      else delete this.rotation[name!];
    }
    if (line.startsWith("config rm --path recoloca:secrets.")) delete this.secrets[key.replace("secrets.", "")];
    if (args[0] !== "up") return { code: 0, stdout: "", output: "" };
    const fails = this.failing.some((name) => this.rotation[name]?.generation !== this.live[name]?.generation);
    if (!fails) this.live = structuredClone(this.rotation);
    return { code: fails ? 255 : 0, stdout: "", output: "" };
  }

  private resumed(): string {
    if (this.left?.closes) this.left = { ...this.left, closed: true };
    return "";
  }

  run(change: Partial<Rotating> = {}): Rotating {
    return {
      stack: "staging",
      application: "recoloca",
      production: false,
      who: "ana",
      today: TODAY,
      folder,
      configuration: async () => this.raw(),
      pulumi: async (args, options) => this.pulumi(args, options?.input),
      server: async ([word]) =>
        word === "resume"
          ? this.resumed()
          : word === "live"
            ? JSON.stringify({
                format: 1,
                live: { number: 7, release: "r", identity: "i", images: {}, provenance: {}, generations: this.known(), since: TODAY },
                next: "8",
              })
            : JSON.stringify(
                this.newest || this.left
                  ? [
                      {
                        stack: "recoloca-staging",
                        number: 8,
                        release: "r8",
                        ...(this.newest !== "not yet" && { outcome: this.newest ?? "live" }),
                        ...(this.left && {
                          rotated: Object.entries(this.live).map(([secret, { generation: to }]) => ({ secret, from: to - 1, to, ...this.left })),
                        }),
                      },
                    ]
                  : [],
              ),
      door: { owner: "recoloca-staging", opensBastion: false, others: async () => [], run: () => Promise.reject(new Error("nobody was to knock")) },
      askValue: async () => {
        throw new Error("nobody was to be asked");
      },
      agrees: async () => true,
      knows: async () => true,
      provider: async () => ({ how: "not-asked" }),
      print: (line) => void this.said.push(line),
      ...change,
    };
  }
}
