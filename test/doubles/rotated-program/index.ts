/** The secrets of a stack by its own settings and component, and a piece of ground: a rotation is to leave that alone. */
import * as pulumi from "@pulumi/pulumi";
import { PrivateKey } from "@pulumi/tls/privateKey.js";
import { RotatedSecrets } from "../../../components/rotated-secrets/index.ts";
import { loadSettings } from "../../../settings/index.ts";
import { checkout } from "../../../tools/cache.ts";

const settings = loadSettings(checkout);
// Of another provider: that of the secrets is first wanted by a rotation.
new PrivateKey("ground", { algorithm: settings.keep === 5 ? "ED25519" : "ECDSA" });
export const values = settings.made.length > 0 ? new RotatedSecrets("secrets", { ...settings, given: settings.secrets }).values : settings.secrets;
/** In place of the deployment: it goes when the component's values have come. */
export const user = pulumi.output(settings.variables["DATABASE_USER"]);
