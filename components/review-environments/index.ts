/**
 * Environments of pull requests on a stack's server: what one may have, and a key that can open and close them and do nothing else there. On destroy all of
 * them go, with their data, and the key.
 */
import * as remote from "@pulumi/command/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import { PrivateKey } from "@pulumi/tls/privateKey.js";
import type { ReviewPolicy } from "../../release/review.ts";
import { leadingTo } from "../../release/tls.ts";
import { commandLine } from "../../release/shell.ts";
import { asRoot, onMachine, type Server } from "../server.ts";
import { admitScript, dismissScript } from "./forced-command.ts";

export interface ReviewEnvironmentsArgs {
  readonly server: Server;
  /** Secret where its TLS has a private key. */
  readonly policy: pulumi.Input<ReviewPolicy>;
  readonly application: string;
  /** Where their names lead, beside the server's own addresses. */
  readonly publicAddress?: pulumi.Input<string> | undefined;
}

/** On a machine that has taken another one's place in the same update the program was never put; the environments are there, on the data disk. */
export const offScript = (application: string) => `if command -v recoloca-review > /dev/null; then exec recoloca-review ${application} off; fi
for folder in /var/lib/recoloca/${application}-pr-*; do
  [ ! -d "$folder" ] || recoloca remove --application ${application} --environment "pr-\${folder##*-pr-}" --volumes || exit
done
rm -rf /var/lib/recoloca/review/${application}`;

export class ReviewEnvironments extends pulumi.ComponentResource {
  /** OpenSSH's form. Secret. */
  readonly privateKey: pulumi.Output<string>;

  constructor(name: string, args: ReviewEnvironmentsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:ReviewEnvironments", name, { application: args.application }, opts);
    const { server, application } = args;
    const { connection, provider, user } = server;
    const own = { parent: this, provider };
    const policy = new remote.Command(
      name,
      {
        connection,
        create: onMachine(server, commandLine("recoloca-review", application, "policy")),
        delete: asRoot(user, commandLine("sh", "-c", offScript(application))),
        stdin: pulumi.secret(
          pulumi.all([args.policy, args.publicAddress]).apply(([one, address]) => JSON.stringify({ ...one, tls: leadingTo(one.tls, address) })),
        ),
        addPreviousOutputInEnv: false,
      },
      own,
    );
    const key = new PrivateKey(`${name}-key`, { algorithm: "ED25519" }, { parent: this });
    new remote.Command(
      `${name}-key`,
      {
        connection,
        // As the one who logs in: the file is his.
        create: pulumi
          .all([server.machine, key.publicKeyOpenssh])
          .apply(([machine, open]) => `${admitScript(user, application, open.trim())} # machine ${machine}`),
        delete: dismissScript(application),
        addPreviousOutputInEnv: false,
      },
      { ...own, dependsOn: policy },
    );
    this.privateKey = pulumi.secret(key.privateKeyOpenssh);
    this.registerOutputs();
  }
}
