/** How a server is reached over SSH: exact fields only, because the engine prints an unknown one in clear. */
import type * as pulumi from "@pulumi/pulumi";

export interface Connection {
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

/** A command line for whoever the stack logs in as. */
export const asRoot = (user: string, command: string) => (user === "root" ? command : `sudo -n ${command}`);
