/** That a server is measured once a minute, and where that goes. On destroy it is not any more; what has arrived elsewhere stays there. */
import * as remote from "@pulumi/command/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { Observation as Order, Sink } from "../../release/observation.ts";
import { commandLine } from "../../release/shell.ts";
import { asRoot, onMachine, type Server } from "../server.ts";

export interface ObservationArgs extends Omit<Order, "sink"> {
  readonly server: Server;
  /** Secret where it has headers. */
  readonly sink: pulumi.Input<Sink>;
}

export class Observation extends pulumi.ComponentResource {
  constructor(name: string, args: ObservationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:Observation", name, { environment: args.environment }, opts);
    const { server, application, environment, logs, limits, tells } = args;
    const order = pulumi.output(args.sink).apply((sink): Order => ({ application, environment, sink, logs, limits, tells }));
    new remote.Command(
      name,
      {
        connection: server.connection,
        create: onMachine(server, commandLine("recoloca", "observe")),
        delete: asRoot(server.user, commandLine("recoloca", "observe", "--off", "--application", application, "--environment", environment)),
        stdin: pulumi.secret(order.apply((whole) => JSON.stringify(whole))),
        addPreviousOutputInEnv: false,
      },
      { parent: this, provider: server.provider },
    );
    this.registerOutputs();
  }
}
