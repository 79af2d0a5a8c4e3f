/** Scripts that put the host program, and those beside it, in place: each reads the packed program on standard input. */
import { APT } from "./apt.ts";

/** Beside the host program, at one place for all its versions. */
const besideScript = (name: string) => `set -eu
base64 -d | gzip -d > /opt/recoloca/recoloca-${name}.js.new
mv /opt/recoloca/recoloca-${name}.js.new /opt/recoloca/recoloca-${name}.js
`;
export const TRACE_SCRIPT = besideScript("trace");
export const MEASUREMENTS_SCRIPT = besideScript("measurements");

/** Beside the host program too, with the distribution's age where backups are encrypted on their way. */
export const bucketScript = (encrypted: boolean) =>
  `${besideScript("bucket")}${
    encrypted
      ? `${APT}if ! command -v age >/dev/null; then
  apt update
  apt install -y --no-install-recommends age
fi
`
      : ""
  }`;

/** With a name for it, and the hour in which what is over goes. */
export const REVIEW_SCRIPT = `${besideScript("review")}cat > /usr/local/bin/recoloca-review.new <<'END'
#!/bin/sh
exec node /opt/recoloca/recoloca-review.js "$@"
END
chmod 755 /usr/local/bin/recoloca-review.new
mv /usr/local/bin/recoloca-review.new /usr/local/bin/recoloca-review
cat > /etc/systemd/system/recoloca-review@.service <<'END'
[Unit]
Description=Removes environments of pull requests of %i that are over
After=docker.service

[Service]
Type=oneshot
ExecStart=/usr/local/bin/recoloca-review %i expire
END
cat > /etc/systemd/system/recoloca-review@.timer <<'END'
[Unit]
Description=Each hour: which environments of pull requests of %i are over

[Timer]
OnCalendar=hourly
RandomizedDelaySec=5m
Persistent=true

[Install]
WantedBy=timers.target
END
systemctl daemon-reload
`;

/** A half-copied one never gets the name. `window`: a systemd calendar expression; none where absent. */
export function installScript(hash: string, window?: string): string {
  const folder = `/opt/recoloca/${hash}`;
  return `set -eu
mkdir -p ${folder}
base64 -d | gzip -d > ${folder}/recoloca.js.new
mv ${folder}/recoloca.js.new ${folder}/recoloca.js
node ${folder}/recoloca.js install --window "${window ?? "never"}"
`;
}
