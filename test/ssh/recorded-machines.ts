/**
 * Instances of the doubles' AWS without a machine: each is an SSH server in this process, with the host key that the parameter store holds for it and the
 * login of its user data, which writes down what it is asked for and answers as recorded-answers.ts does. Its user is the stack's, `recoloca`, whom a real sshd
 * would let in only where this machine knows such a user.
 */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { text as read } from "node:stream/consumers";
import ssh2 from "ssh2";
import type { Machines } from "../doubles/aws-compute.ts";
import { PARAMETER } from "../doubles/aws-keys.ts";
import { userDataOf } from "../doubles/instance-metadata.ts";
import { text, type Values } from "../doubles/values.ts";
import type { World } from "../doubles/world.ts";
import { isQuestion, RecordedAnswers } from "./recorded-answers.ts";

interface Running {
  readonly stack: string;
  readonly ssh: ssh2.Server;
}

export class RecordedMachines implements Machines {
  private readonly folder: string;
  private readonly world: World;
  private readonly doors: Readonly<Record<string, net.Server>>;
  /** By the instance's id. */
  private readonly running = new Map<string, Running>();

  private constructor(folder: string, world: World, doors: Readonly<Record<string, net.Server>>) {
    this.folder = folder;
    this.world = world;
    this.doors = doors;
    for (const [stack, door] of Object.entries(doors))
      door.on("connection", (socket) => {
        const [now] = [...this.running.values()].filter((one) => one.stack === stack);
        if (now) now.ssh.injectSocket(socket);
        else socket.destroy();
      });
  }

  /** `stacks`: their names. Each has one port, whichever instance is behind it, and one folder, which is its data disk. */
  static async start(folder: string, world: World, stacks: readonly string[]): Promise<RecordedMachines> {
    const doors = await Promise.all(
      stacks.map(
        (stack) =>
          new Promise<readonly [string, net.Server]>((done, fail) => {
            fs.mkdirSync(path.join(folder, stack), { recursive: true });
            const server = net.createServer().on("error", fail);
            server.listen(0, "127.0.0.1", () => done([stack, server]));
          }),
      ),
    );
    return new RecordedMachines(folder, world, Object.fromEntries(doors));
  }

  stop(): void {
    for (const door of Object.values(this.doors)) door.close();
  }

  port(stack: string): number {
    return (this.doors[stack]!.address() as net.AddressInfo).port;
  }

  /** What a stack's server was asked to do, not only to tell, since it was looked at last: command lines, in their order. */
  recorded(stack: string): string[] {
    const file = path.join(this.folder, stack, "recorded.jsonl");
    if (!fs.existsSync(file)) return [];
    const lines = fs.readFileSync(file, "utf8").trim().split("\n");
    fs.rmSync(file);
    return lines.map((line) => (JSON.parse(line) as { words: string }).words);
  }

  async launch(id: string, instance: Values): Promise<void> {
    const boot = userDataOf(instance);
    const parameter = /"Name\\*":\\*"([^"\\]+)\\*"/.exec(boot)![1]!;
    const key = text(this.world.get(PARAMETER, parameter)?.["value"]);
    const login = ssh2.utils.parseKey(/ssh-ed25519 [A-Za-z0-9+/=]+/.exec(boot.slice(boot.indexOf("ssh_authorized_keys")))![0]);
    if (login instanceof Error) throw login;
    const stack = parameter.split("/")[2]!;
    const answers = new RecordedAnswers(path.join(this.folder, stack), randomBytes(16).toString("hex"));
    const ssh = new ssh2.Server({ hostKeys: [key] }, (client) => {
      client.on("error", () => undefined);
      client.on("authentication", (asked) => {
        const own = asked.method === "publickey" && asked.username === "recoloca" && asked.key.data.equals(login.getPublicSSH());
        const proven = asked.method === "publickey" && (!asked.signature || login.verify(asked.blob!, asked.signature, asked.hashAlgo) === true);
        if (own && proven) asked.accept();
        else asked.reject(["publickey"]);
      });
      client.on("session", (accept) => accept().on("exec", (take, _refuse, { command }) => void serve(take(), command, answers)));
    });
    this.running.set(id, { stack, ssh });
  }

  restart = () => Promise.resolve();
  attach = () => Promise.resolve();
  detach = () => Promise.resolve();
  deleteVolume = () => Promise.resolve();

  terminate(id: string): Promise<void> {
    this.running.get(id)?.ssh.close();
    this.running.delete(id);
    return Promise.resolve();
  }
}

async function serve(channel: ssh2.ServerChannel, words: string, answers: RecordedAnswers): Promise<void> {
  const input = isQuestion(words) ? "" : await read(channel.stdin);
  channel.stdout.write(answers.answer(words, input));
  channel.exit(0);
  channel.end();
}
