/** The edge on this host: which slot of a stack serves, and the configuration written for all stacks. */
import * as fs from "node:fs";
import * as path from "node:path";
import {
  ADMIN_SOCKET,
  KEPT_OPEN,
  MAINTENANCE_MAP,
  SLOTS_MAP,
  backendName,
  backends,
  edgeConfiguration,
  serversOf,
  type EdgeStack,
} from "./edge-configuration.ts";
import { hasCertificate, selfMadeIsThere } from "./certificates.ts";
import { removeOldPages, writePages } from "./edge-pages.ts";
import { CERTIFICATE_LIST, HTTPS_MAP, certificateList, httpsMap } from "./edge-tls.ts";
import { MASTER_SOCKET, ask, former, readMap, reload, setInMap, waitForAdmin, writeMap, type Tell } from "./haproxy.ts";
import { alone } from "./lock.ts";
import { must, run } from "./process.ts";
import { ROOT, Store, other, readJson, writeWhole, type Slot } from "./store.ts";

const CONFIGURATION = "/etc/haproxy/haproxy.cfg";
/** The map and the configuration are of all stacks on this host, whose own locks do not know of each other. */
const EDGE_LOCK = path.join(ROOT, "edge.lock");
/** What HAProxy runs with, as far as this program has told it: a file that was written and not loaded is told from it. */
const LOADED = path.join(ROOT, "edge.loaded.cfg");

export interface ServerRow {
  readonly backend: string;
  readonly server: string;
  readonly status: string;
  readonly sessions: number;
  readonly responses: number;
  readonly errors5xx: number;
  /** Milliseconds until an answer began, on average over the last 512 or so. */
  readonly responseTime: number;
}

export interface Answers {
  readonly all: number;
  /** 5xx. */
  readonly failed: number;
  /** Milliseconds until an answer began: an average that moves with the last `REMEMBERED` answers of the slot. */
  readonly time?: number | undefined;
}

/** Answers between two looks. HAProxy counts from its last reload: what is less than before began anew. */
export const answersSince = (before: Answers | undefined, now: Answers): Answers =>
  before === undefined || now.all < before.all ? now : { ...now, all: now.all - before.all, failed: now.failed - before.failed };

/** Whether visitors of this host name are sent to HTTPS. */
export const isSecured = (name: string | undefined): boolean => name !== undefined && readMap(HTTPS_MAP).has(name.toLowerCase());

/** Answers after which HAProxy's moving average has forgotten what was before them (TIME_STATS_SAMPLES in its source). */
export const REMEMBERED = 512;

/** `show stat` as rows: servers and backends. */
export function parseStat(csv: string): ServerRow[] {
  const [head = "", ...lines] = csv.replace(/^# /, "").trim().split("\n");
  const names = head.split(",");
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const cells = line.split(",");
      const cell = (name: string) => cells[names.indexOf(name)] ?? "";
      const count = (name: string) => Number(cell(name) || 0);
      return {
        backend: cell("pxname"),
        server: cell("svname"),
        status: cell("status"),
        sessions: count("scur"),
        responses: count("hrsp_1xx") + count("hrsp_2xx") + count("hrsp_3xx") + count("hrsp_4xx") + count("hrsp_5xx") + count("hrsp_other"),
        errors5xx: count("hrsp_5xx"),
        responseTime: count("rtime"),
      };
    });
}

/** Of `show sess`: `0x55d1c: proto=tcpv4 src=… fe=web be=shop.web-80.blue srv=blue …`. */
export const sessionsOf = (shown: string): { id: string; backend: string; server: string }[] =>
  [...shown.matchAll(/^(0x[0-9a-f]+): .*? be=(\S+) srv=(\S+)/gm)].map(([, id = "", backend = "", server = ""]) => ({ id, backend, server }));

/** A number of `show info`. */
const count = (info: string, name: string): number => Number(new RegExp(`^${name}: (\\d+)`, "m").exec(info)?.[1] ?? 0);

export class Edge {
  readonly stack: EdgeStack;

  constructor(stack: EdgeStack) {
    this.stack = stack;
  }

  async stat(): Promise<ServerRow[]> {
    return parseStat(await ask(ADMIN_SOCKET, "show stat"));
  }

  /** Rows of one slot's servers within the backends that serve `serving`. */
  private names(serving: Slot): string[] {
    return backends(this.stack, serving).map((route) => backendName(this.stack.stack, route, serving));
  }

  /** Services of a slot that HAProxy itself does not reach, and what it says of them; none is what one waits for. */
  async unreached(slot: Slot): Promise<{ service: string; port: number; status: string }[]> {
    const rows = await this.stat();
    return backends(this.stack, slot).flatMap((route) => {
      const status = rows.find((row) => row.backend === backendName(this.stack.stack, route, slot) && row.server === slot)?.status ?? "unknown to it";
      return status.startsWith("UP") ? [] : [{ ...route, status }];
    });
  }

  /** The switch. A process of before a reload has no part in it: it looks at no server any more, and `waiting` says whom it still leads to the old one. */
  async switchTo(slot: Slot | "none"): Promise<void> {
    await alone(EDGE_LOCK, () => setInMap(SLOTS_MAP, this.stack.stack, slot));
  }

  serving(): Slot | "none" {
    return (readMap(SLOTS_MAP).get(this.stack.stack) as Slot | undefined) ?? "none";
  }

  /** Visitors get the maintenance page from here on, over restarts too, but for those who send the word; `off` lets them in again. */
  async closeTo(word: string): Promise<void> {
    // Opened again only where it leads to what is there: behind the door of another process an old release may have been stopped.
    const also = async (worker: Tell) => word !== "off" || (await this.leadsTo(worker, this.serving()));
    await alone(EDGE_LOCK, () => setInMap(MAINTENANCE_MAP, this.stack.stack, word, also));
  }

  /** The word of a closed stack; undefined while visitors are let in. */
  closedWith(): string | undefined {
    const word = readMap(MAINTENANCE_MAP).get(this.stack.stack);
    return word === "off" ? undefined : word;
  }

  /** Whether the other slot stands by behind `serving`. */
  async standBy(serving: Slot, on: boolean): Promise<void> {
    for (const name of this.names(serving)) await ask(ADMIN_SOCKET, `set server ${name}/${other(serving)} state ${on ? "ready" : "maint"}`);
  }

  /** A container died: its server is out before the next check says so. */
  async takeOut(serving: Slot): Promise<void> {
    for (const name of this.names(serving)) await ask(ADMIN_SOCKET, `set server ${name}/${serving} state maint`);
  }

  /** A slot's servers as they are after a start: its own ready, the spare one off. */
  async reset(slot: Slot): Promise<void> {
    for (const name of this.names(slot)) await ask(ADMIN_SOCKET, `set server ${name}/${slot} state ready`);
    await this.standBy(slot, false);
  }

  /** Requests that the slot's containers are still answering. */
  async sessions(slot: Slot): Promise<number> {
    const mine = [...this.names("blue"), ...this.names("green")];
    const servers: readonly string[] = serversOf(slot);
    const tables = [await this.stat(), ...(await Promise.all((await former()).map(async (worker) => parseStat(await worker("show stat")))))];
    return tables.flat().reduce((sum, row) => sum + (mine.includes(row.backend) && servers.includes(row.server) ? row.sessions : 0), 0);
  }

  /** Connections of before a reload by which the next request, if there is one while an idle connection stays open, goes to the slot. */
  async waiting(slot: Slot): Promise<number> {
    const workers = await former();
    if (workers.length === 0 || count(await ask(ADMIN_SOCKET, "show info"), "Uptime_sec") > KEPT_OPEN) return 0;
    let sum = 0;
    for (const worker of workers) {
      if (!(await this.leadsTo(worker, slot))) continue;
      // One that is being answered ends with that, and asks nothing more by this connection.
      const busy = parseStat(await worker("show stat")).reduce((all, row) => all + (row.server === "BACKEND" ? row.sessions : 0), 0);
      sum += Math.max(0, count(await worker("show info"), "CurrConns") - busy);
    }
    return sum;
  }

  private async leadsTo(worker: Tell, slot: Slot | "none"): Promise<boolean> {
    return (await worker(`show map ${SLOTS_MAP}`)).split("\n").some((line) => line.endsWith(` ${this.stack.stack} ${slot}`));
  }

  /** Ends what is still open to a slot, so that its containers need not wait for visitors who would stay for hours. */
  async cut(slot: Slot): Promise<void> {
    const servers: readonly string[] = serversOf(slot);
    for (const serving of ["blue", "green"] as const)
      for (const name of this.names(serving))
        for (const one of serving === slot ? servers : [slot]) await ask(ADMIN_SOCKET, `shutdown sessions server ${name}/${one}`);
    // A process of before a reload knows its servers no more, but each of its sessions.
    const mine = new Set([...this.names("blue"), ...this.names("green")]);
    for (const worker of await former())
      for (const session of sessionsOf(await worker("show sess")))
        if (mine.has(session.backend) && servers.includes(session.server)) await worker(`shutdown session ${session.id}`);
  }

  /** Answers and 5xx answers given by the backends of a slot since HAProxy started. */
  async answers(slot: Slot): Promise<Answers> {
    const names = this.names(slot);
    const rows = (await this.stat()).filter((row) => names.includes(row.backend) && row.server === "BACKEND");
    const all = rows.reduce((sum, row) => sum + row.responses, 0);
    const time = all === 0 ? 0 : rows.reduce((sum, row) => sum + row.responseTime * row.responses, 0) / all;
    return { all, failed: rows.reduce((sum, row) => sum + row.errors5xx, 0), time };
  }

  /** Writes the configuration for all stacks of this host; reloads only if it changed, and reads HAProxy's verdict. */
  async configure(): Promise<boolean> {
    const file = path.join(new Store(this.stack.stack).folder, "edge.json");
    const before = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
    writeWhole(file, JSON.stringify(this.stack));
    try {
      return await applyConfiguration();
    } catch (error) {
      // What HAProxy does not take from one stack must not stand in the way of the others.
      if (before === undefined) fs.rmSync(file);
      else writeWhole(file, before);
      throw error;
    }
  }

  async remove(): Promise<void> {
    fs.rmSync(path.join(new Store(this.stack.stack).folder, "edge.json"), { force: true });
    await alone(EDGE_LOCK, async () => {
      for (const file of [SLOTS_MAP, MAINTENANCE_MAP]) {
        const map = readMap(file);
        map.delete(this.stack.stack);
        writeMap(file, map);
      }
      await writeConfiguration();
    });
  }
}

export function storedEdge(stack: string): EdgeStack | undefined {
  return readJson<EdgeStack>(path.join(new Store(stack).folder, "edge.json"));
}

/** `again`: also where nothing differs. @default false */
export const applyConfiguration = (again = false): Promise<boolean> => alone(EDGE_LOCK, () => writeConfiguration(again));

async function writeConfiguration(again = false): Promise<boolean> {
  const stacks = Store.stacks().flatMap((name) => storedEdge(name) ?? []);
  const text = edgeConfiguration(stacks);
  writePages(stacks);
  // A server that was made anew has the stacks' data, and no maps yet: what is live there is to serve.
  completeMap(SLOTS_MAP, stacks, ({ stack }) => new Store(stack).state().live?.slot ?? "none");
  completeMap(MAINTENANCE_MAP, stacks, () => "off");
  if (stacks.some(({ tls }) => tls)) await selfMadeIsThere();
  const old = [CONFIGURATION, CERTIFICATE_LIST, HTTPS_MAP].map(readIfThere);
  writeWhole(CERTIFICATE_LIST, certificateList(stacks, hasCertificate));
  writeMap(HTTPS_MAP, httpsMap(stacks, hasCertificate));
  const whole = [text, readIfThere(CERTIFICATE_LIST), readIfThere(HTTPS_MAP)].join("\n");
  if (!again && whole === old.join("\n") && readIfThere(LOADED) === whole) return false;
  const [before = ""] = old;
  if (before !== "" && !before.startsWith("# Written by recoloca")) fs.copyFileSync(CONFIGURATION, `${CONFIGURATION}.before-recoloca`);
  writeWhole(`${CONFIGURATION}.proposed`, text, 0o644);
  const check = await run("haproxy", ["-c", "-f", `${CONFIGURATION}.proposed`]);
  if (check.code !== 0) {
    putBack(old);
    throw new Error(`haproxy refuses the edge's configuration: ${check.stderr || check.stdout}`);
  }
  fs.renameSync(`${CONFIGURATION}.proposed`, CONFIGURATION);
  if (!fs.existsSync(MASTER_SOCKET)) await must("systemctl", ["restart", "haproxy"]);
  else {
    // A port that someone else holds is met only now.
    const verdict = await reload();
    if (verdict !== undefined) {
      putBack(old);
      throw new Error(`haproxy did not take the edge's configuration: ${verdict}`);
    }
  }
  await waitForAdmin();
  writeWhole(LOADED, whole);
  removeOldPages(stacks);
  return true;
}

/** What was there, as HAProxy runs with it still. */
function putBack([configuration = "", list = "", https = ""]: readonly string[]): void {
  if (configuration !== "") writeWhole(CONFIGURATION, configuration, 0o644);
  writeWhole(CERTIFICATE_LIST, list);
  writeWhole(HTTPS_MAP, https);
}

const readIfThere = (file: string) => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "");

function completeMap(file: string, stacks: readonly EdgeStack[], value: (of: EdgeStack) => string): void {
  const map = readMap(file);
  for (const one of stacks) if (!map.has(one.stack)) map.set(one.stack, value(one));
  writeMap(file, map);
}
