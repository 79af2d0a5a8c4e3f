/**
 * Runs on the server, given on standard input to its Node: backups and restores of the live stack's database, by the host program and by hand.
 * Prints one JSON object. `fill BYTES`: a database of that size, of rows that compress about three to one. `round ours` or `round byHand`: one
 * backup and two restores of it, by one of the two. By hand is what somebody types who has a shell on the server and Postgres's client: nothing is
 * between pg_dump and the file. Before each command what was written before is on the disk.
 */
"use strict";
const fs = require("node:fs");
const { spawn, execFileSync } = require("node:child_process");

const [, , what, word] = process.argv;
const STACK = "recoloca-local";
const root = `/var/lib/recoloca/${STACK}`;
const KEPT = `/var/lib/recoloca/backups/${STACK}`;
const FOLDER = "/var/lib/recoloca/by-hand";
const DATABASE = "recoloca";
const UNIT = "measured";

const { live } = JSON.parse(fs.readFileSync(`${root}/state.json`, "utf8"));
const plan = JSON.parse(fs.readFileSync(`${root}/releases/${live.number}/plan.json`, "utf8"));
const docker = (...words) => execFileSync("docker", words, { encoding: "utf8" }).trim();
const container = docker("ps", "--filter", "label=com.docker.compose.service=postgres", "--format", "{{.Names}}").split("\n")[0];
const address = docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}\n{{end}}", container).split("\n")[0];
const env = { ...process.env, PGHOST: address, PGUSER: "recoloca", PGPASSWORD: plan.variables.POSTGRES_PASSWORD };

/** Ends with what it printed; throws what it said. */
const run = (program, args, input) =>
  new Promise((done, fail) => {
    const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    let [stdout, said] = ["", ""];
    child.stdout.on("data", (text) => (stdout += text));
    child.stderr.on("data", (text) => (said += text));
    child.on("error", fail);
    child.on("close", (code) => (code === 0 ? done(stdout) : fail(new Error(`${program} ${args.slice(-1)}: exit ${code}\n${said || stdout}`))));
    child.stdin.on("error", () => undefined).end(input ?? "");
  });
const shell = (line, input) => run("bash", ["-c", `set -eo pipefail; ${line}`], input);
const sql = (text, database = DATABASE) => run("psql", ["--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", database], text);

/** Seconds that some work takes. */
async function timed(work) {
  execFileSync("sync");
  const began = performance.now();
  const result = await work();
  return { seconds: (performance.now() - began) / 1000, result };
}

async function fill() {
  // A client of the distribution's, of the server's own major version, as whoever does it by hand has it.
  await shell("apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-client-17 zstd");
  await sql(`create table measured (id bigint, at timestamptz, token text, owner text, what text);
    do $$
      declare count bigint := 0;
      begin
        loop
          insert into measured select i, timestamptz '2026-01-01' + i * interval '1 second', md5(i::text), md5((-i)::text),
            'a flat of ' || 20 + i % 90 || ' square metres near the park' from generate_series(count + 1, count + 500000) i;
          count := count + 500000;
          exit when pg_relation_size('measured') >= ${Number(word)};
        end loop;
      end $$;`);
  await sql("vacuum (freeze, analyze) measured; checkpoint;");
  return { bytes: Number(await sql("select pg_database_size(current_database())")) };
}

/** Of a process: KiB that the kernel has noted as the most it ever had resident, and whether it is one of Node's. */
function memoryOf(pid) {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
    return { node: /^Name:\s+(node|MainThread)$/m.test(status), kib: Number(/^VmHWM:\s+(\d+)/m.exec(status)[1]) };
  } catch {
    // It ended between the two looks.
    return { node: false, kib: 0 };
  }
}

/** The most that the unit's processes of one moment came to, each with its own peak until then, while the work went on. */
async function watched(peak, work) {
  const processes = `/sys/fs/cgroup/system.slice/${UNIT}.service/cgroup.procs`;
  const sum = (all) => all.reduce((kib, one) => kib + one.kib, 0);
  const look = () => {
    let pids;
    try {
      pids = fs.readFileSync(processes, "utf8").trim().split("\n").filter(Boolean);
    } catch {
      // It has not begun, or is over.
      return;
    }
    const all = pids.map(memoryOf);
    peak.kib = Math.max(peak.kib, sum(all.filter(({ node }) => node)));
    peak.kibOfAll = Math.max(peak.kibOfAll, sum(all));
  };
  const looking = setInterval(look, 50);
  try {
    return await work();
  } finally {
    clearInterval(looking);
  }
}

/** The host program in a unit, as its timers and its deploys are. */
const recoloca = (...words) => run("systemd-run", ["--quiet", "--pipe", "--wait", "--collect", `--unit=${UNIT}`, "recoloca", ...words]);

const dropped = () => sql('drop database if exists "copy"; checkpoint;', "template1");

async function ours() {
  const peak = { kib: 0, kibOfAll: 0 };
  let began;
  const backup = await timed(() => {
    began = Date.now();
    return watched(peak, () => recoloca("backup", "--json"));
  });
  const note = JSON.parse(backup.result);
  const restore = () => recoloca("restore", note.name, "--into", "copy");
  const here = await timed(restore);
  await dropped();
  // Without its file here the bucket's copy is taken.
  for (const end of ["backup", "json"]) fs.rmSync(`${KEPT}/${note.name}.${end}`);
  const there = await timed(() => watched(peak, restore));
  await dropped();
  if (peak.kib === 0) throw new Error(`no process of ${UNIT}.service was seen: its memory is not known`);
  return {
    bytes: note.bytes,
    written: note.seconds,
    checked: (Date.parse(note.at) - began) / 1000,
    sent: backup.seconds,
    restored: here.seconds,
    fetched: there.seconds,
    ...peak,
  };
}

/** curl with the store's keys, which no argument shows. */
const curl = (line) =>
  shell(
    `curl --config - --silent --show-error --fail --aws-sigv4 aws:amz:${plan.backup.bucket.region}:s3 --header 'x-amz-content-sha256: UNSIGNED-PAYLOAD' ${line}`,
    `user = "${plan.backup.bucket.accessKeyId}:${plan.backup.bucket.secretAccessKey}"\n`,
  );

async function byHand() {
  const { endpoint, name, prefix } = plan.backup.bucket;
  const [file, fetched] = [`${FOLDER}/dump.zst`, `${FOLDER}/fetched.zst`];
  const url = `${endpoint}/${name}/${prefix}/by-hand/${Date.now()}.zst`;
  fs.mkdirSync(FOLDER, { recursive: true });
  const restore = (from) => shell(`createdb --template=template0 copy; zstd -dcq ${from} | pg_restore --exit-on-error --dbname=copy`);
  const written = await timed(() => shell(`pg_dump --format=custom --compress=none ${DATABASE} | zstd -q > ${file}; sync ${file}`));
  const checked = await timed(() => shell(`zstd -dcq ${file} | pg_restore --file=/dev/null`));
  const sent = await timed(() => curl(`--upload-file ${file} ${url}`));
  const restored = await timed(() => restore(file));
  await dropped();
  const got = await timed(() => curl(`--output ${fetched} ${url}`));
  const again = await timed(() => restore(fetched));
  await dropped();
  const { size } = fs.statSync(file);
  fs.rmSync(FOLDER, { recursive: true });
  return {
    bytes: size,
    written: written.seconds,
    checked: written.seconds + checked.seconds,
    sent: written.seconds + checked.seconds + sent.seconds,
    restored: restored.seconds,
    fetched: got.seconds + again.seconds,
  };
}

const round = () => ({ ours, byHand })[word]();

({ fill, round })[what]().then(
  (result) => process.stdout.write(JSON.stringify(result)),
  (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
