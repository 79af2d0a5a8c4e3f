/** A line of `authorized_keys` whose key can ask for environments of pull requests, and is nobody otherwise: no shell, no forwarding, no files. */
import { quote } from "../../release/shell.ts";

const tag = (application: string) => `recoloca-review-${application}`;

/** sshd hands over what was asked in a variable; quoted once, so that it is words to the program and never to a shell. */
function line(user: string, application: string, publicKey: string): string {
  const asRoot = user === "root" ? "" : "sudo -n ";
  const ask = `flock --nonblock --conflict-exit-code 75 /run/lock/recoloca-review-$slot ${asRoot}recoloca-review ${application} asked \\"$SSH_ORIGINAL_COMMAND\\"`;
  // Each waits in a process of its own: a few may.
  const command = `for slot in 1 2 3 4; do ${ask}; code=$?; [ $code = 75 ] || exit $code; done; echo ' refused: four requests are being answered already, ask again'; exit 20`;
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
