/** A public host key, as every connection pins it, and the command that sets one. */
import * as z from "zod";

const HOST_KEY = /^(ssh-ed25519|ecdsa-sha2-nistp256) [A-Za-z0-9+/=]+$/;

export function hostKeyForm(whose: string) {
  const wants = `wants the ${whose}'s public host key: ssh-ed25519 AAAA...`;
  return z.string(wants).regex(HOST_KEY, wants);
}

/** Double quotes: the shell is to fill it in. Whoever answers is believed, so that somebody has to compare it before it is used. */
export const hostKeyCommand = (key: string, host: string, port = "22") =>
  `pulumi config set ${key.includes(".") ? `--path 'recoloca:${key}'` : `recoloca:${key}`} "$(ssh-keyscan -t ed25519 ${port === "22" ? "" : `-p ${port} `}${host} | cut -d' ' -f2-)"
compared with what its console says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`;
