/** One SSH connection of the program's own: opened once, used by whoever asks, gone with the program. */
import { createHash } from "node:crypto";
import * as net from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { Said } from "../server.ts";
import { noForwarding, otherHostKey, wrongKey, type Named, type Place } from "./ssh-errors.ts";

export interface Machine {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly privateKey: string;
  readonly hostKey: string;
}

export interface Address extends Machine {
  /** A bastion, which resolves `host` and forwards to it. @default none: the server is reached directly */
  readonly via?: Machine;
}

/** Who does not answer, and why. It may, later. */
export interface Silence {
  readonly of: Named;
  readonly why: string;
}

const SECONDS = 5;
/** Milliseconds between two questions to a server that is starting. */
const PAUSE = 2000;
/** RFC 4254, 5.1. */
const PROHIBITED = 1;

interface Opened {
  readonly client: Client;
  /** What keeps this process from ending: the connection to the first machine on the way. */
  readonly socket: net.Socket;
}

export class SshSession {
  private opened: Promise<Opened> | undefined;
  private asking = 0;

  /**
   * Who on the way does not answer, or undefined once the server does; it is asked again until `patience`, in seconds, is over, its bastion is
   * not: that one is not starting. What waiting does not mend is thrown: a key that one of them does not take, or take for its own, and a
   * bastion that does not forward.
   */
  async open(address: Address, patience = 0): Promise<Silence | undefined> {
    for (const end = performance.now() + patience * 1000; ;) {
      this.opened = connect(address);
      try {
        (await this.opened).socket.unref();
        return undefined;
      } catch (error) {
        if (!(error instanceof Silent)) throw error;
        if (error.silence.of.bastion || performance.now() > end) return error.silence;
        await new Promise((again) => setTimeout(again, PAUSE));
      }
    }
  }

  /**
   * Runs a command line there; `hear` gets its output as it comes. Between two of them the connection stays, and keeps nobody's process from ending.
   * @param input for its standard input, which ends with it. @default it has none, and no end
   */
  async run(command: string, hear: (text: string) => void = () => undefined, input?: string): Promise<Said> {
    const { client, socket } = await this.opened!;
    socket.ref();
    this.asking++;
    try {
      return await execute(client, command, hear, input);
    } finally {
      if (--this.asking === 0) socket.unref();
    }
  }
}

class Silent extends Error {
  readonly silence: Silence;

  constructor(of: Named, why: string) {
    super(why);
    this.silence = { of, why };
  }
}

const fingerprint = (key: Buffer) => `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

const placeOf = ({ host, port, user }: Machine): Place => ({ host, port, user });

async function connect(address: Address): Promise<Opened> {
  const { via } = address;
  // Without noDelay an answer waits 40 ms for the one before it to be acknowledged. A restore says nothing for long: what is between forgets a
  // connection that is silent, and who waits at this end would never know.
  const dial =
    ({ host, port }: Machine) =>
    () =>
      net.connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
  if (!via) {
    const { client, stream } = await shakeHands(address, placeOf(address), dial(address));
    return { client, socket: stream };
  }
  const bastion = await shakeHands(via, { ...placeOf(via), bastion: true }, dial(via));
  try {
    const behind = { ...placeOf(address), via: placeOf(via) };
    const forwarding = await forwarded(bastion.client, behind);
    const { client } = await shakeHands(address, behind, () => forwarding);
    // Nothing else goes through this connection to the bastion.
    client.once("close", () => bastion.client.destroy());
    return { client, socket: bastion.stream };
  } catch (error) {
    bastion.client.destroy();
    throw error;
  }
}

/** A stream to the server, which the bastion opens. */
function forwarded(bastion: Client, behind: Place & { readonly via: Place }): Promise<Duplex> {
  return new Promise((done, fail) => {
    const end = (error: Error) => {
      clearTimeout(late);
      fail(error);
    };
    const late = setTimeout(() => end(new Silent(behind, `no answer in ${SECONDS}s`)), SECONDS * 1000);
    bastion.once("close", () => end(new Silent({ ...behind.via, bastion: true }, "it closed the connection")));
    bastion.forwardOut("127.0.0.1", 0, behind.host, behind.port, (error: (Error & { reason?: number | string }) | undefined, stream) => {
      clearTimeout(late);
      if (!error) return done(stream);
      const why = error.message.replace(/^\(SSH\) Channel open failure: /, "") || "it does not say why";
      end(error.reason === PROHIBITED ? noForwarding(behind, why) : new Silent(behind, why));
    });
  });
}

interface Greeted<Stream> {
  readonly client: Client;
  readonly stream: Stream;
}

/** `dial` is called once nothing stands between its stream and whoever hears its errors. */
async function shakeHands<Stream extends Duplex>({ user, privateKey, hostKey }: Machine, named: Named, dial: () => Stream): Promise<Greeted<Stream>> {
  const { default: ssh2 } = await import("ssh2");
  const pinned = ssh2.utils.parseKey(hostKey);
  if (pinned instanceof Error) throw pinned;
  const own = ssh2.utils.parseKey(privateKey);
  if (own instanceof Error) throw wrongKey(named, `that is no private key (${own.message})`);
  let shown: Buffer | undefined;
  return new Promise((done, fail) => {
    const client = new ssh2.Client();
    const stream = dial();
    client.on("ready", () => done({ client, stream }));
    client.on("close", () => fail(new Silent(named, "it closed the connection")));
    client.on("error", (error: Error & { level?: string; code?: string }) => {
      client.destroy();
      const otherKind = /no matching host key/i.test(error.message);
      if (otherKind || (shown && !shown.equals(pinned.getPublicSSH())))
        fail(otherHostKey(named, fingerprint(pinned.getPublicSSH()), shown && fingerprint(shown)));
      else if (error.level === "client-authentication") fail(wrongKey(named, `it is ${fingerprint(own.getPublicSSH())}`));
      else fail(new Silent(named, error.level === "client-timeout" ? `no answer in ${SECONDS}s` : error.message));
    });
    client.connect({
      sock: stream,
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

function execute(client: Client, command: string, hear: (text: string) => void, input?: string): Promise<Said> {
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
      if (input !== undefined) channel.end(input);
      channel.on("exit", (status: number | null) => (code = status ?? 1));
      channel.on("close", () => {
        client.off("error", fail).off("close", closed);
        done({ code, output, stdout });
      });
    });
  });
}
