/** `recoloca doctor`: what on this host will be trouble, each finding with its fix. */
import * as fs from "node:fs";
import { certificateFindings, nameFindings } from "../certificate-findings.ts";
import { backupFindings } from "../backup-health.ts";
import type { Given } from "../command-line.ts";
import type { Finding } from "../finding.ts";
import { UNAVAILABLE_PAGE } from "../edge-pages.ts";
import { foldersThatFill, memoryNow } from "../host-figures.ts";
import { DOCKER_CONFIG } from "../compose.ts";
import { say } from "../follow.ts";
import { leftOpen } from "../left-open.ts";
import { keptAnswerIsWrong } from "../live-answer.ts";
import { isTaken } from "../lock.ts";
import { observationFindings } from "../observation.ts";
import { lastLines, run } from "../process.ts";
import { releaseFindings } from "../release-findings.ts";
import { letIn, pullHint } from "../steps.ts";
import { sayClosed } from "./maintenance.ts";
import { ago } from "../render.ts";
import { Damaged, Store } from "../store.ts";

type Check = () => Promise<Finding[]> | Finding[];

const GIB = 2 ** 30;
const share = (part: number, whole: number) => `${Math.round((100 * part) / whole)} %`;

async function disk(): Promise<Finding[]> {
  const folders = await foldersThatFill();
  return folders.flatMap((folder) => {
    const { bavail, blocks, bsize, ffree, files } = fs.statfsSync(folder);
    const [free, whole] = [bavail * bsize, blocks * bsize];
    const fix = "docker system df shows what takes it; docker image prune --all takes away what no container uses";
    return [
      ...(free < 2 * GIB || free < whole * 0.1 ? [{ what: `${(free / GIB).toFixed(1)} GiB (${share(free, whole)}) are free below ${folder}`, fix }] : []),
      ...(files > 0 && ffree < files * 0.05 ? [{ what: `${share(ffree, files)} of the inodes are free below ${folder}`, fix }] : []),
    ];
  });
}

function memory(): Finding[] {
  const { available, whole } = memoryNow();
  return available < whole * 0.1
    ? [{ what: `${share(available, whole)} of the memory is available; a deploy runs two releases for a while`, fix: "docker stats shows who has it" }]
    : [];
}

async function clock(): Promise<Finding[]> {
  const ran = await run("timedatectl", ["show", "--property=NTPSynchronized", "--value"]);
  return ran.code === 0 && ran.stdout.trim() === "no"
    ? [{ what: "the clock is not synchronised: times in records and certificates will be wrong", fix: "apt-get install systemd-timesyncd" }]
    : [];
}

async function programs(): Promise<Finding[]> {
  const [dockerd, haproxy, compose, units, overdue] = await Promise.all([
    run("docker", ["info", "--format", "{{.LiveRestoreEnabled}} {{.ServerVersion}}"]),
    run("systemctl", ["is-active", "haproxy"]),
    run("docker", ["compose", "version", "--short"]),
    run("systemctl", ["is-enabled", "recoloca-resume.service", "docker", "haproxy"]),
    run("systemctl", ["is-active", "recoloca-overdue.timer"]),
  ]);
  const [restore, version = ""] = dockerd.stdout.trim().split(" ");
  // Its client ends well also where nobody answers.
  const answers = dockerd.code === 0 && version !== "";
  return [
    ...(answers ? [] : [{ what: `the Docker engine does not answer: ${lastLines(dockerd.stderr, 1)}`, fix: "systemctl status docker" }]),
    ...(answers && restore !== "true"
      ? [
          {
            what: "containers stop when the Docker engine restarts (live-restore is off)",
            fix: '"live-restore": true in /etc/docker/daemon.json, then systemctl reload docker',
          },
        ]
      : []),
    ...(answers && Number(version.split(".")[0]) < 25
      ? [{ what: `the Docker engine is ${version}; start_interval in health checks needs 25`, fix: "upgrade docker.io in a quiet hour" }]
      : []),
    ...(haproxy.stdout.trim() === "active"
      ? []
      : [{ what: "the edge (haproxy) does not run: nobody is served", fix: "systemctl restart haproxy; journalctl -u haproxy" }]),
    ...(compose.code === 0 ? [] : [{ what: "docker compose is not there", fix: "apt-get install docker-compose; on Ubuntu docker-compose-v2" }]),
    ...(overdue.stdout.trim() === "active"
      ? []
      : [{ what: "nobody looks whether backups and drills are late", fix: "systemctl enable --now recoloca-overdue.timer" }]),
    ...(units.stdout.includes("disabled")
      ? [{ what: "a service that must start with the system is disabled", fix: "systemctl enable recoloca-resume docker haproxy" }]
      : []),
  ];
}

async function edge(): Promise<Finding[]> {
  const ran = await run("haproxy", ["-c", "-q", "-f", "/etc/haproxy/haproxy.cfg"]);
  return [
    ...(ran.code === 0
      ? []
      : [{ what: `the edge's configuration is not valid: ${lastLines(ran.stderr || ran.stdout, 1)}`, fix: "recoloca install, which writes it anew" }]),
    ...(fs.existsSync(UNAVAILABLE_PAGE) ? [] : [{ what: "the page for visitors of a stack that is down is gone", fix: "recoloca install" }]),
  ];
}

/** What Pulumi is told of the stack stands in a file of its own: a starter that needs no Node prints it. */
async function answerFindings(store: Store): Promise<Finding[]> {
  // Who is at it writes it last.
  const wrong = (await isTaken(store.lockFile)) ? undefined : keptAnswerIsWrong(store);
  return wrong ? [{ what: `${store.stack}: what pulumi is told of it, ${wrong}, is not what is live`, fix: `recoloca resume --stack ${store.stack}` }] : [];
}

async function stackFindings(stack: string): Promise<Finding[]> {
  const store = new Store(stack);
  const { live, hold } = store.state();
  const findings: Finding[] = observationFindings(stack);
  const readings = store.readings();
  findings.push(...readings.flatMap(({ damage }) => (damage === undefined ? [] : [{ what: `${stack}: ${damage}`, fix: Damaged.FIX }])));
  const newest = readings.at(-1)?.record;
  if (newest && newest.outcome === undefined)
    return (await isTaken(store.lockFile))
      ? findings
      : [
          ...findings,
          {
            what: `${stack}: release ${newest.number} was interrupted and nobody is at it`,
            fix: `systemctl start recoloca-resume@${stack}; recoloca show ${newest.number}`,
          },
        ];
  findings.push(...(await answerFindings(store)));
  const closed = store.maintenance();
  if (closed) findings.push({ what: sayClosed(stack, closed), fix: "recoloca maintenance off" });
  if (!live) return [...findings, { what: `${stack}: nothing is live`, fix: `recoloca history; deploy a release that passes its gates` }];
  findings.push(...(await releaseFindings(stack, live.slot)));
  for (const { secret, release } of leftOpen(store))
    findings.push({
      what: `${stack}: the login that ${secret} was renewed from opens its service still, which did not answer when release ${release} came live`,
      fix: `recoloca resume --stack ${stack}    it is tried each hour, too`,
    });
  findings.push(...(await certificateFindings(stack)));
  if (newest?.outcome && newest.outcome !== "live" && newest.number !== live.number)
    findings.push({
      what: `${stack}: the last deploy (release ${newest.number}) did not come live, ${ago(newest.startedAt)} ago`,
      fix: `recoloca show ${newest.number}`,
    });
  const plan = store.plan(live.number);
  findings.push(...(await nameFindings(stack, plan)));
  const { backup } = plan;
  if (backup) findings.push(...(await backupFindings(store, backup)));
  if (hold)
    findings.push({
      what: `${stack}: release ${hold.number} (${hold.release}) is on hold; the stack's configuration may name it still`,
      fix: `pulumi config set recoloca:lift ${hold.number}, or pulumi config rm recoloca:images and recoloca:release`,
    });
  const image = Object.values(store.record(live.number)?.images ?? {})[0];
  if (image) {
    const ran = await run("docker", ["manifest", "inspect", "--insecure", image], { env: { DOCKER_CONFIG }, timeout: 20 });
    if (ran.code !== 0)
      findings.push({
        what: `${stack}: the registry does not give the live release's image: ${lastLines(ran.stderr, 1)}`,
        fix: `the next pull or rollback would fail: ${pullHint(image, ran.stderr)[0]?.[1] ?? letIn(image)}`,
      });
  }
  return findings;
}

const CHECKS: Record<string, Check> = { disk, memory, clock, programs, edge };

export async function doctor(given: Given): Promise<number> {
  const checks = [...Object.entries(CHECKS), ...Store.stacks().map((stack): [string, Check] => [stack, () => stackFindings(stack)])];
  const results = await Promise.all(
    checks.map(async ([name, check]) => {
      try {
        return await check();
      } catch (error) {
        return [
          {
            what: `${name} could not be checked: ${(error as Error).message}`,
            fix: error instanceof Damaged ? Damaged.FIX : "systemctl status docker haproxy",
          },
        ];
      }
    }),
  );
  const findings = results.flat();
  if (given.options["json"]) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
  else if (findings.length === 0) say(` no findings: ${checks.map(([name]) => name).join(", ")}`);
  else findings.forEach(({ what, fix }) => say(` ${what}\n     ${fix}`));
  return findings.length === 0 ? 0 : 1;
}
