/**
 * Prepares a server, and changes nothing that is in place. Everything comes from the distribution. What cannot work is
 * refused before anything is touched.
 */
import { APT } from "./apt.ts";

/** Free space that images and their unpacking want. */
const FREE_KIB = 2 * 1024 * 1024;

/** Of each container's output the engine keeps so many files, of so much each. */
const OUTPUT = { "log-driver": "json-file", "log-opts": { "max-size": "10m", "max-file": "5" } };
/** What the engine is told from its first start on. */
const ENGINE = JSON.stringify({ "live-restore": true, ...OUTPUT }, null, 2);

export interface Wanted {
  /** lego, which asks for certificates by ACME. @default false */
  readonly certificates?: boolean;
}

export function bootstrapScript({ certificates = false }: Wanted = {}): string {
  return `set -eu
${APT}refuse() { echo "refused, nothing was changed: $1"; exit 20; }
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
missing=""
command -v dockerd >/dev/null || missing="$missing docker.io"
command -v docker >/dev/null || { [ "$ID" = debian ] && missing="$missing docker-cli" || true; }
docker compose version >/dev/null 2>&1 || missing="$missing $compose"
command -v haproxy >/dev/null || missing="$missing haproxy"
command -v node >/dev/null || missing="$missing nodejs"
${certificates ? 'command -v lego >/dev/null || missing="$missing lego"\n' : ""}if [ -n "$missing" ]; then
  echo "installing$missing"
  # Before its first start: a disk with data has containers on it that start with the engine, and a restart would stop them.
  if [ ! -e /etc/docker/daemon.json ] && ! command -v dockerd >/dev/null; then
    mkdir -p /etc/docker
    echo '${ENGINE}' > /etc/docker/daemon.json
  fi
  apt update
  apt install -y --no-install-recommends $missing
fi
# An upgrade of either in the middle of the night would cut what runs.
apt-mark hold docker.io haproxy >/dev/null
# So would needrestart, which Ubuntu has, of whatever uses a library that was upgraded: these wait for the window of recoloca upgrade.
mkdir -p /etc/needrestart/conf.d
cat > /etc/needrestart/conf.d/recoloca.conf <<'END'
$nrconf{override_rc}{qr(^(?:haproxy|docker|containerd|recoloca-.*)\\.service$)} = 0;
END
# Containers go on while the engine restarts. What they print has an end, where nobody has said otherwise: it would fill the disk.
mkdir -p /etc/docker
node -e '
const fs = require("node:fs"), file = "/etc/docker/daemon.json";
const old = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {};
// What is in both the file and the command line keeps the engine from starting.
let flags = "";
try { flags = fs.readFileSync("/proc/" + fs.readFileSync("/run/docker.pid", "utf8").trim() + "/cmdline", "utf8"); } catch {}
const said = old["log-driver"] || old["log-opts"] || flags.includes("--log-");
const output = ${JSON.stringify(OUTPUT)};
const wanted = { ...old, "live-restore": true, ...(said ? {} : output) };
if (JSON.stringify(wanted) === JSON.stringify(old)) process.exit(0);
fs.writeFileSync(file + ".new", JSON.stringify(wanted, null, 2) + "\\n");
fs.renameSync(file + ".new", file);
process.exit(3);
' || { [ $? = 3 ] && systemctl reload docker; }
systemctl enable --quiet --now docker haproxy
echo "ready: \${PRETTY_NAME:-$ID}, docker $(docker version --format '{{.Server.Version}}'), compose $(docker compose version --short), haproxy $(haproxy -v | awk 'NR==1 {print $3}'), node $(node --version)"
`;
}
