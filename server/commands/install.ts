/** Puts this program in place on the host: its name, its folders, and the edge with nothing to serve yet. */
import * as fs from "node:fs";
import * as path from "node:path";
import { OUTCOMES } from "../../release/outcome.ts";
import { hasCertificate } from "../certificates.ts";
import { certifiedHere } from "../certify.ts";
import type { Given } from "../command-line.ts";
import { applyConfiguration } from "../edge.ts";
import { LIVE_FILE, keepLiveAnswer } from "../live-answer.ts";
import { whileOurs } from "../lock.ts";
import { must } from "../process.ts";
import { ROOT, Store, writeWhole } from "../store.ts";
import { placeUnits, startTimers, timerUnit } from "../units.ts";

const NAME = "/usr/local/bin/recoloca";

export async function install(given: Given): Promise<number> {
  const program = fs.realpathSync(process.argv[1]!);
  fs.mkdirSync(ROOT, { recursive: true, mode: 0o700 });
  fs.mkdirSync("/etc/recoloca", { recursive: true, mode: 0o755 });
  await placeOurs();
  await placeWindow(given.options["window"]);
  writeWhole(`${NAME}-ended`, ENDED, 0o755);
  writeWhole(NAME, starter(process.execPath, program), 0o755);
  const changed = await applyConfiguration();
  await keepAnswers();
  removeOldPrograms(path.dirname(program));
  // A machine that has taken over another one's data has its certificates there, and not where the edge looks.
  if (certifiedHere().some(({ name }) => !hasCertificate(name))) await must("systemctl", ["start", "--no-block", "recoloca-certify.service"]);
  process.stdout.write(` recoloca is in place: ${NAME}${changed ? "; the edge is configured" : ""}\n`);
  return 0;
}

/** In a folder that is named by the program's hash: the ones before. The latest of them stays, as a deploy that runs may be its. */
function removeOldPrograms(ours: string): void {
  const isProgram = /^[0-9a-f]{12}$/;
  if (!isProgram.test(path.basename(ours))) return;
  const all = path.dirname(ours);
  const before = fs
    .readdirSync(all)
    .filter((name) => isProgram.test(name) && name !== path.basename(ours))
    .map((name) => ({ name, at: fs.statSync(path.join(all, name)).mtimeMs }))
    .sort((one, other) => other.at - one.at);
  for (const { name } of before.slice(1)) fs.rmSync(path.join(all, name), { recursive: true, force: true });
}

/** As this version of the program gives them; who is at a stack keeps its own. */
async function keepAnswers(): Promise<void> {
  for (const store of Store.stacks().map((stack) => new Store(stack)))
    await whileOurs(store.lockFile, async () => keepLiveAnswer(store)).catch((error: Error) => process.stdout.write(` ${error.message}: recoloca doctor\n`));
}

async function placeOurs(): Promise<void> {
  const changed = await placeUnits({
    "recoloca-resume.service": RESUME,
    "recoloca-resume@.service": RESUME_STACK,
    "recoloca-prune.service": PRUNE,
    "recoloca-prune.timer": PRUNE_TIMER,
    "recoloca-certify.service": CERTIFY,
    "recoloca-certify.timer": CERTIFY_TIMER,
    "recoloca-overdue.service": OVERDUE,
    "recoloca-overdue.timer": OVERDUE_TIMER,
    "recoloca-backup@.service": timed("backup", "Takes a backup of %i"),
    "recoloca-drill@.service": timed("drill", "Restores the latest backup of %i to see whether it can be"),
    "recoloca-measure@.service": MEASURE,
  });
  if (changed.length === 0) return;
  await must("systemctl", ["enable", "--quiet", "recoloca-resume.service"]);
  await must("systemctl", ["enable", "--quiet", "--now", "recoloca-prune.timer", "recoloca-certify.timer", "recoloca-overdue.timer"]);
}

/** When newer packages come, and a restart where one is wanted: a systemd calendar expression, or `never`. Who mends the server by hand says nothing, and it stays. */
async function placeWindow(window: string | boolean | undefined): Promise<void> {
  if (typeof window !== "string") return;
  const when = window === "never" ? undefined : window;
  if (when !== undefined) await must("systemd-analyze", ["calendar", when]);
  const changed = await placeUnits({
    "recoloca-upgrade.timer": when && upgradeTimer(when),
    "recoloca-upgrade.service": when && UPGRADE,
  });
  await startTimers(changed);
}

/**
 * A deploy runs in a unit of its own, with the caller's pipes: a cut connection takes the pipes away, not the process. When
 * that process dies, systemd starts what takes the release up again, and the caller is told how it ends. A small semi-space
 * keeps the program's memory low beside the application it serves.
 */
const starter = (node: string, program: string) => `#!/bin/sh
program="${node} --max-semi-space-size=2 ${program}"
case "$1" in deploy | rollback | upgrade)
  if [ -d /run/systemd/system ]; then
    if [ "$(systemctl is-system-running)" = stopping ]; then
      echo "the server is being shut down, or restarted. Nothing was changed: run this again once it is back." >&2
      exit ${OUTCOMES.refused.exit}
    fi
    read -r id < /proc/sys/kernel/random/uuid
    unit="recoloca-$1-$id"
    systemd-run --quiet --collect --pipe --wait --service-type=exec --unit="$unit" --setenv=SUDO_USER="$SUDO_USER" --property=TimeoutStopSec=30 \\
      --property=ExecStopPost=${NAME}-ended -- $program "$@" --from "\${SSH_CONNECTION%% *}"
    code=$?
    case "$1/$code" in upgrade/* | */0 | */2 | */2[0-3]) exit "$code" ;; esac
    exec $program follow --unit "$unit"
  fi ;;
esac
# Asked before every preview: an answer that needs no start of Node.
answer="${ROOT}/$3-$5/${LIVE_FILE}"
if [ "$1 $2 $4" = "live --application --environment" ] && [ -s "$answer" ]; then exec cat "$answer"; fi
exec $program "$@"
`;

/** After a deploy's process: one that ended by itself has said so; any other has left something. */
const ENDED = `#!/bin/sh
case "$EXIT_CODE/$EXIT_STATUS" in exited/0 | exited/2 | exited/2[0-3]) ;; *) systemctl start --no-block recoloca-resume.service || true ;; esac
`;

const RESUME = `[Unit]
Description=Finishes or undoes deploys that were interrupted
Documentation=man:systemd.service(5)
After=docker.service haproxy.service
Wants=docker.service haproxy.service

[Service]
Type=oneshot
ExecStart=${NAME} resume

[Install]
WantedBy=multi-user.target
`;

const PRUNE = `[Unit]
Description=Removes images, backups and records that no release needs any more
After=docker.service

[Service]
Type=oneshot
ExecStart=${NAME} prune
`;

const UPGRADE = `[Unit]
Description=Newer packages of the edge and the engine, and a restart where one is wanted
After=docker.service haproxy.service

[Service]
Type=oneshot
ExecStart=${NAME} upgrade --reboot
`;

const upgradeTimer = (window: string) => timerUnit("The window in which this server is upgraded", window);

/** A host that was off at that time does it when it is on again. */
const PRUNE_TIMER = timerUnit("Prunes what recoloca deployed, once a day", "*-*-* 04:00:00", "RandomizedDelaySec=30m", "Persistent=true");

const CERTIFY = `[Unit]
Description=Asks for certificates that are due
After=haproxy.service network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=${NAME} certify
TimeoutStartSec=30m
`;

/** At another minute on each host, so that authorities are not asked by all at once. */
const CERTIFY_TIMER = timerUnit("Looks every hour which certificates are due", "hourly", "RandomizedDelaySec=55m", "Persistent=true");

const OVERDUE = `[Unit]
Description=Tells of backups and drills that are late, and takes up those that were killed
After=docker.service network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=${NAME} overdue
TimeoutStartSec=5m
`;

const OVERDUE_TIMER = timerUnit("Looks every hour which backups and drills are late", "hourly", "RandomizedDelaySec=10m");

/**
 * By a timer of each stack that wants it; a killed one, and what it has stopped, is started again by the resume. systemd itself begins that:
 * a program of the unit's own would be killed with it.
 */
const timed = (command: string, says: string) => `[Unit]
Description=${says}
OnFailure=recoloca-resume.service
After=docker.service network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=${NAME} ${command} --stack %i --timed
Nice=10
`;

/** Its own beginning and end, each minute, are no news; what it has to say is. */
const MEASURE = `[Unit]
Description=Measures %i and this host, and sends it where the stack wants it
After=docker.service haproxy.service

[Service]
Type=oneshot
ExecStart=${NAME} measure --stack %i --timed
TimeoutStartSec=2m
Nice=10
SyslogLevel=notice
LogLevelMax=notice
`;

/** What keeps it from its end (a full disk, an engine that is away) may last for hours: it is tried until it has ended, less and less often. */
const RESUME_STACK = `[Unit]
Description=Finishes or undoes the interrupted deploy of %i
After=docker.service haproxy.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${NAME} resume --stack %i
SuccessExitStatus=20 21 22 23
Restart=on-failure
RestartSec=1
RestartSteps=6
RestartMaxDelaySec=30
`;
