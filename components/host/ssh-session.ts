/** One SSH connection of the program's own: opened once, used by whoever asks, gone with the program. */
import { createHash } from "node:crypto";
import * as net from "node:net";
import * as pulumi from "@pulumi/pulumi";
import type { Client } from "ssh2";
import type { Said } from "../server.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly privateKey: string;
  readonly hostKey: string;
}

const SECONDS = 5;
/** Milliseconds between two questions to a server that is starting. */
const PAUSE = 2000;

interface Opened {
  readonly client: Client;
  readonly socket: net.Socket;
}

export class SshSession {
  private opened: Promise<Opened> | undefined;
  private asking = 0;

  /**
   * Why the server does not answer, or empty; asked again until `patience`, in seconds, is over. What waiting does not mend is thrown:
   * a key that it does not take, or take for its own.
   */
  async open(address: Address, patience = 0): Promise<string> {
    for (const end = performance.now() + patience * 1000; ;) {
      this.opened = connect(address);
      try {
        (await this.opened).socket.unref();
        return "";
      } catch (error) {
        if (!(error instanceof Silent)) throw error;
        if (performance.now() > end) return error.message;
        await new Promise((again) => setTimeout(again, PAUSE));
      }
    }
  }

  /** Runs a command line there; `hear` gets its output as it comes. Between two of them the connection stays, and keeps nobody's process from ending. */
  async run(command: string, hear: (text: string) => void = () => undefined): Promise<Said> {
    const { client, socket } = await this.opened!;
    socket.ref();
    this.asking++;
    try {
      return await execute(client, command, hear);
    } finally {
      if (--this.asking === 0) socket.unref();
    }
  }
}

/** It does not answer; it may, later. */
class Silent extends Error {}

const fingerprint = (key: Buffer) => `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

async function connect(address: Address): Promise<Opened> {
  const { default: ssh2 } = await import("ssh2");
  const { host, port, user, privateKey, hostKey } = address;
  const pinned = ssh2.utils.parseKey(hostKey);
  if (pinned instanceof Error) throw pinned;
  const own = ssh2.utils.parseKey(privateKey);
  if (own instanceof Error) throw wrongKey(address, `that is no private key (${own.message})`);
  let shown: Buffer | undefined;
  return new Promise((done, fail) => {
    const client = new ssh2.Client();
    // Without it an answer waits 40 ms for the one before it to be acknowledged.
    const socket = net.connect({ host, port, noDelay: true });
    client.on("ready", () => done({ client, socket }));
    client.on("close", () => fail(new Silent("it closed the connection")));
    client.on("error", (error: Error & { level?: string; code?: string }) => {
      client.destroy();
      const otherKind = /no matching host key/i.test(error.message);
      if (otherKind || (shown && !shown.equals(pinned.getPublicSSH())))
        fail(otherHostKey(address, fingerprint(pinned.getPublicSSH()), shown && fingerprint(shown)));
      else if (error.level === "client-authentication") fail(wrongKey(address, `it is ${fingerprint(own.getPublicSSH())}`));
      else fail(new Silent(error.level === "client-timeout" ? `no answer in ${SECONDS}s` : error.message));
    });
    client.connect({
      sock: socket,
      username: user,
      privateKey,
      // Without it ssh2 tries to get in without any key first, which costs 50 ms.
      authHandler: ["publickey"],
      readyTimeout: SECONDS * 1000,
      algorithms: { serverHostKey: [pinned.type] },
      hostVerifier: (key: Buffer) => {
        shown = key;
        return key.equals(pinned.getPublicSSH());
      },
    });
  });
}

function execute(client: Client, command: string, hear: (text: string) => void): Promise<Said> {
  return new Promise((done, fail) => {
    const closed = () => fail(new Error("the connection was closed before the answer came"));
    client.once("error", fail).once("close", closed);
    client.exec(command, (error, channel) => {
      if (error) return fail(error);
      let output = "";
      let code = 1;
      let stdout = "";
      const take = (text: string) => {
        output += text;
        hear(text);
      };
      channel.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
        take(text);
      });
      channel.stderr.setEncoding("utf8").on("data", take);
      channel.on("exit", (status: number | null) => (code = status ?? 1));
      channel.on("close", () => {
        client.off("error", fail).off("close", closed);
        done({ code, output, stdout });
      });
    });
  });
}

const wrongKey = ({ host, port, user }: Address, why: string) =>
  new pulumi.RunError(`the server ${host}:${port} does not let "${user}" in with the private key of this stack; nothing was changed
  ${why}; its public half belongs into that user's authorized_keys on the server
    cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:sshPrivateKey
  OpenSSH 9.8 and newer turn a machine away for some seconds after a wrong key: wait a little before the next try`);

const otherHostKey = ({ host, port }: Address, pinned: string, shown: string | undefined) =>
  new pulumi.RunError(`whoever answers at ${host}:${port} is not the server whose host key is pinned; nothing was sent, nothing was changed
  pinned    ${pinned}
  it shows  ${shown ?? "a key of another kind"}
  if the server was made anew, compare with its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; then
    pulumi config set recoloca:hostKey "$(ssh-keyscan -p ${port} -t ed25519 ${host} | cut -d' ' -f2-)"`);

export const noAnswer = ({ host, port, user }: Omit<Address, "privateKey" | "hostKey">, why: string, look?: string) =>
  new pulumi.RunError(`the server ${host}:${port} does not answer (${why}); nothing was changed
  ${look ?? `is it up, and does its firewall let this machine in? Try: ssh -p ${port} ${user}@${host} true`}
  if it has moved: pulumi config set recoloca:hostAddress ADDRESS`);
