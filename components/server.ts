/** A server as components see it: how Pulumi's provider reaches it, and how this program asks it something. */
import type { Provider } from "@pulumi/command/provider.js";
import * as pulumi from "@pulumi/pulumi";

/** Exact fields only, because the engine prints an unknown one in clear. */
export interface Connection extends Knock {
  /** A bastion, which resolves `host` and forwards to it. */
  readonly proxy?: Knock;
}

/** One machine on the way, and what opens it. */
interface Knock {
  readonly host: pulumi.Input<string>;
  readonly port: pulumi.Input<number>;
  readonly user: pulumi.Input<string>;
  readonly privateKey: pulumi.Input<string>;
  /** The pinned public host key, `ssh-ed25519 AAAA...`. Without one the provider would trust anybody. */
  readonly hostKey: pulumi.Input<string>;
  /** A wrong key or a changed host key is a failure, not a reason to knock eleven times. */
  readonly dialErrorLimit: number;
  /** Seconds. */
  readonly perDialTimeout: number;
}

export interface Said {
  readonly code: number;
  /** Both outputs, as they came. */
  readonly output: string;
  readonly stdout: string;
}

export interface Server {
  readonly connection: Connection;
  /** Of every command on it. */
  readonly provider: Provider;
  readonly user: string;
  /** Why it does not answer; empty when it does. Only a preview goes on without an answer. */
  readonly silence: pulumi.Output<string>;
  /** The machine's own id: a server that was made anew under the same name and key is another one. */
  readonly machine: pulumi.Output<string>;
  /** Runs a command line there; to be called once `silence` is known to be empty. */
  readonly ask: (command: string) => Promise<Said>;
}

/** A command line for whoever the stack logs in as. */
export const asRoot = (user: string, command: string) => (user === "root" ? command : `sudo -n ${command}`);

/** The same, with the machine's name in it: what was done to another machine is to be done again. */
export const onMachine = (server: Pick<Server, "machine" | "user">, command: pulumi.Input<string>) =>
  pulumi.all([server.machine, command]).apply(([machine, text]) => `${asRoot(server.user, text)} # machine ${machine}`);
