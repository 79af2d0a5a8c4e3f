/** A line of `authorized_keys` whose key can ask for environments of pull requests, and is nobody otherwise: no shell, no forwarding, no files. */
import { quote } from "../shell.ts";

const tag = (application: string) => `recoloca-review-${application}`;

/** sshd hands over what was asked in a variable; quoted once, so that it is words to the program and never to a shell. */
function line(user: string, application: string, publicKey: string): string {
  const asRoot = user === "root" ? "" : "sudo -n ";
  const command = `exec ${asRoot}recoloca-review ${application} asked \\"$SSH_ORIGINAL_COMMAND\\"`;
  return `restrict,command="${command}" ${publicKey.split(" ").slice(0, 2).join(" ")} ${tag(application)}`;
}

const FILE = 'file="$(readlink -f "$HOME/.ssh/authorized_keys")"';
/** All other lines, aside. Where they cannot be written whole it ends there, with everybody let in who was. */
const others = (application: string) => `cp -p "$file" "$file.new"; grep -v ' ${tag(application)}$' "$file" > "$file.new" || [ $? = 1 ]`;
const rename = 'sync "$file.new"; mv "$file.new" "$file"';

/** In place of the one before. */
export const admitScript = (user: string, application: string, publicKey: string): string =>
  `sh -c ${quote(`set -eu; ${FILE}; ${others(application)}; printf '%s\\n' ${quote(line(user, application, publicKey))} >> "$file.new"; ${rename}`)}`;

export const dismissScript = (application: string): string => `sh -c ${quote(`set -eu; ${FILE}; ${others(application)}; ${rename}`)}`;
