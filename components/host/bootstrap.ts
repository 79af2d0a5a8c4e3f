/**
 * Prepares a server, and changes nothing that is in place. Everything comes from the distribution. What cannot work is
 * refused before anything is touched.
 */
import { APT } from "./apt.ts";
import { GROUND } from "./ground.ts";

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
${APT}${GROUND}missing=""
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
