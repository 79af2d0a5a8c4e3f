/** What a server has to be before anything is put on it: asked by whoever comes to one that is bare, and once more by the bootstrap. */
import { quote } from "../../release/shell.ts";
import { asRoot } from "../server.ts";

/** Free space that images and their unpacking want. */
const FREE_KIB = 2 * 1024 * 1024;

/** For a script of a shell that ends at the first failure: it ends with 20 and the reason where the server cannot be prepared. */
export const GROUND = `refuse() { echo "refused, nothing was changed: $1"; exit 20; }
[ "$(id -u)" = 0 ] || refuse "this needs root, or a user with sudo without a password"
[ -d /run/systemd/system ] || refuse "this server does not run systemd, which keeps a deploy going when the connection is cut"
. /etc/os-release
major="\${VERSION_ID%%.*}"
case "$ID:\${major:-0}" in
  debian:*) [ "\${major:-0}" -ge 13 ] || refuse "this is \${PRETTY_NAME:-$ID}; Debian 13 or newer, or Ubuntu 24.04 or newer, is wanted"; compose=docker-compose ;;
  ubuntu:*) [ "\${major:-0}" -ge 24 ] || refuse "this is \${PRETTY_NAME:-$ID}; Debian 13 or newer, or Ubuntu 24.04 or newer, is wanted"; compose=docker-compose-v2 ;;
  *) refuse "this is \${PRETTY_NAME:-$ID}; Debian 13 or newer, or Ubuntu 24.04 or newer, is wanted" ;;
esac
# Ours are told from others' by the program: afterwards it is the edge that has them. At 127.0.0.0/8 and 169.254.0.0/16 the machine's and a cloud's own agents listen.
if ! command -v recoloca >/dev/null; then
  for port in 80 443; do
    hex="$(printf %04X "$port")"
    if awk -v port="$hex" 'substr($2, length($2) - 3) == port && $4 == "0A" && $2 !~ /^(....FEA9|......7F):/ {found = 1} END {exit !found}' /proc/net/tcp /proc/net/tcp6 2>/dev/null; then
      who="$(ss -Hltnp "sport = :$port" 2>/dev/null | grep -o 'users:(("[^"]*' | cut -d '"' -f 2 | head -n 1)"
      refuse "port $port is taken\${who:+ by $who}, where the edge listens: stop what has it, or choose another server"
    fi
  done
  if grep -qsE '^[[:space:]]*(frontend|listen)[[:space:]]' /etc/haproxy/haproxy.cfg; then
    refuse "HAProxy serves something here already by /etc/haproxy/haproxy.cfg, which would be replaced: move that away, or choose another server"
  fi
fi
free="$(df -Pk /var/lib | awk 'NR==2 {print $4}')"
[ "$free" -ge ${FREE_KIB} ] || refuse "$((free / 1024)) MiB are free below /var/lib, ${FREE_KIB / 1024} MiB are wanted"
`;

/** A command line that does so on a server that nothing is on yet, and nothing on others. */
export const groundQuestion = (user: string) => `command -v recoloca >/dev/null || ${asRoot(user, `sh -c ${quote(`set -eu\n${GROUND}`)}`)}`;

/** The reason in what it printed; where nobody came to ask, that. */
export const whyNotReady = (output: string): string => /^refused, nothing was changed: (.*)/m.exec(output)?.[1] ?? output.trim().split("\n").at(-1)!;
