/**
 * Secrets that were renewed. The first value of each is what somebody has set; each later one is made here and named by its generation, so that
 * a number is all that a rotation changes, nobody ever sees a value, and the one before goes only after the release that brought the new one.
 */
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";

export interface RotatedSecretsArgs {
  /** What has been set, by name. */
  readonly given: pulumi.Input<Readonly<Record<string, string>>>;
  /** Which variable holds which generation of which secret: 2 or more. */
  readonly made: readonly { readonly variable: string; readonly secret: string; readonly generation: number }[];
}

/** Letters and digits: it may stand in a URL, in a file, and between quotes. */
const LENGTH = 48;

export class RotatedSecrets extends pulumi.ComponentResource {
  /** What has been set, with what takes its place. Secret. */
  readonly values: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: RotatedSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:RotatedSecrets", name, { made: args.made.map(({ variable, generation }) => `${variable} ${generation}`) }, opts);
    // Two variables may hold one value, and the engine wants each name once.
    const passwords = new Map<string, RandomPassword>();
    const passwordOf = (key: string): RandomPassword => {
      const password = passwords.get(key) ?? new RandomPassword(key, { length: LENGTH, special: false }, { parent: this });
      passwords.set(key, password);
      return password;
    };
    const values = args.made.map(({ variable, secret, generation }) =>
      passwordOf(`${secret}-${generation}`).result.apply((value): [string, string] => [variable, value]),
    );
    this.values = pulumi.secret(pulumi.all([args.given, pulumi.all(values)]).apply(([given, pairs]) => ({ ...given, ...Object.fromEntries(pairs) })));
    this.registerOutputs();
  }
}
