/** The commands, in the order in which a person at 3 a.m. wants them. */
import { backup, backups } from "./backup.ts";
import { accept, cancel } from "./cancel.ts";
import { certificate, certifyCommand } from "./certificate.ts";
import { deploy } from "./deploy.ts";
import { doctor } from "./doctor.ts";
import { drillCommand } from "./drill.ts";
import { exec, logs } from "./logs.ts";
import { login, logout } from "./login.ts";
import { measureCommand, observeCommand } from "./measure.ts";
import { install } from "./install.ts";
import { followUnit, resumeCommand } from "./resume.ts";
import { restore } from "./restore.ts";
import { rollback } from "./rollback.ts";
import { overdueCommand } from "./overdue.ts";
import { planCommand } from "./plan.ts";
import { maintenance } from "./maintenance.ts";
import { pruneCommand } from "./prune.ts";
import { remove } from "./remove.ts";
import { upgrade } from "./upgrade.ts";
import { history, live, show, status } from "./tell.ts";
import type { Command } from "../command-line.ts";

export const COMMANDS: readonly Command[] = [
  { name: "status", says: "what is live, and what runs now", options: { json: "boolean" }, does: status },
  { name: "history", says: "what happened, newest first", options: { json: "boolean" }, does: history },
  { name: "show", says: "one release's whole story: recoloca show 14", words: ["NUMBER"], options: { json: "boolean", stack: "string" }, does: show },
  {
    name: "logs",
    says: "what the live release's services and the base's print, or one of them",
    words: ["[SERVICE]"],
    options: { lines: "string", follow: "boolean", json: "boolean", stack: "string" },
    does: logs,
  },
  {
    name: "exec",
    says: "runs a command in a service's container: recoloca exec postgres -- psql --username NAME",
    words: ["SERVICE", "--", "COMMAND..."],
    options: { stack: "string" },
    does: exec,
  },
  { name: "doctor", says: "what will be trouble, each finding with its fix; exit code 1 where there is one", options: { json: "boolean" }, does: doctor },
  {
    name: "deploy",
    says: "deploys the plan on standard input; pulumi up calls it",
    options: { attempt: "string", wait: "string", lift: "string", from: "string" },
    does: deploy,
    story: true,
  },
  { name: "plan", says: "what a deploy of the plan on standard input would do; changes nothing", options: {}, does: planCommand, story: true },
  {
    name: "rollback",
    says: "goes back to the release before, or to RELEASE, gated like a deploy",
    words: ["[RELEASE]"],
    options: { downgrade: "boolean", restore: "boolean", reason: "string", stack: "string", from: "string" },
    does: rollback,
    story: true,
  },
  {
    name: "backup",
    says: "takes a backup now, reads it back, and sends it to the bucket where there is one",
    options: { stack: "string", json: "boolean", timed: "boolean" },
    does: backup,
  },
  { name: "backups", says: "which backups are here and in the bucket, newest first", options: { stack: "string", json: "boolean" }, does: backups },
  {
    name: "restore",
    says: "restores a backup into a new database, beside the one that is there; --take puts it in its place, with visitors shut out",
    words: ["BACKUP"],
    options: { into: "string", take: "boolean", identity: "string", stack: "string" },
    does: restore,
    story: true,
  },
  {
    name: "certificate",
    says: "how long certificates last, and what keeps them from being renewed; --renew asks for new ones now",
    options: { renew: "boolean", stack: "string", json: "boolean" },
    does: certificate,
  },
  {
    name: "drill",
    says: "restores the latest backup into a database of its own, counts, compares and drops it; --identity - reads age's private key",
    options: { identity: "string", stack: "string", json: "boolean", timed: "boolean" },
    does: drillCommand,
  },
  {
    name: "measure",
    says: "how full, how busy and how well this host and a stack are, in figures; --send sends them now, as a timer does each minute where the stack wants it",
    options: { send: "boolean", stack: "string", json: "boolean", timed: "boolean" },
    does: measureCommand,
  },
  {
    name: "maintenance",
    says: "shuts visitors out with a page, or lets them in again; without a word, says which it is",
    words: ["[on|off]"],
    options: { stack: "string", json: "boolean" },
    does: maintenance,
  },
  {
    name: "prune",
    says: "removes what no release needs any more, and says how much that was",
    options: { stack: "string", json: "boolean" },
    does: pruneCommand,
  },
  { name: "cancel", says: "ends a deploy that runs, and goes back to the old release", options: { stack: "string" }, does: cancel, story: true },
  {
    name: "upgrade",
    says: "newer packages of the edge and the engine, one at a time, while everything goes on; --again installs the same ones, --reboot restarts where that is wanted",
    options: { again: "boolean", reboot: "boolean", from: "string" },
    does: upgrade,
    story: true,
  },
  { name: "accept", says: "ends the watch window of a deploy now: somebody has seen enough", options: { stack: "string" }, does: accept, story: true },
  { name: "resume", says: "finishes or undoes what an interruption left", options: { stack: "string" }, does: resumeCommand, hidden: true },
  { name: "certify", says: "asks for certificates that are due", options: {}, does: certifyCommand, hidden: true },
  { name: "overdue", says: "tells of backups and drills that are late", options: {}, does: overdueCommand, hidden: true },
  { name: "follow", says: "tells what becomes of a deploy", options: { unit: "string" }, does: followUnit, hidden: true },
  { name: "live", says: "what is live, for programs", options: { application: "string", environment: "string", json: "boolean" }, does: live },
  {
    name: "remove",
    says: "takes a stack's containers, networks and routes away; keeps its data",
    options: { application: "string", environment: "string", volumes: "boolean" },
    does: remove,
    story: true,
  },
  {
    name: "login",
    says: "keeps a registry's login, password on standard input; or a helper that gets one at each pull",
    options: { server: "string", username: "string", helper: "string" },
    does: login,
    story: true,
  },
  {
    name: "observe",
    says: "has a stack measured each minute, as the document on standard input says; --off: not any more",
    options: { application: "string", environment: "string", off: "boolean" },
    does: observeCommand,
    hidden: true,
  },
  { name: "logout", says: "forgets a registry's login", options: { server: "string" }, does: logout, story: true },
  { name: "install", says: "puts this program in place", options: { window: "string" }, does: install, hidden: true },
];
