/** What can come between a deploy and its end. Each is done to the test server once the deploy is in the state that is wanted. */
import { must, until } from "../../local/command.ts";
import { ensureServer, serverName } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";
import { setClock } from "../fake-clock.ts";
import { mustServer, server } from "../site.ts";

/** The deploy that it comes over; `connection` is the caller's own end of it. */
export interface Running {
  readonly cut: () => void;
}

const restarted = async (...words: string[]) => {
  for (const word of words) await must("docker", [word, serverName(testSite)]);
  await ensureServer(testSite);
};
const ran = async (command: string) => void (await mustServer(command));

export const STORE = "/var/lib/recoloca/shapes-test";

const NEWEST = `$(ls ${STORE}/releases | sort -n | tail -1)`;
const kill = (signal: string) => `systemctl kill --signal=${signal} --kill-whom=all 'recoloca-deploy-*.service'`;

export const FAULTS = {
  "its connection is cut": async ({ cut }: Running) => void cut(),
  "its process is killed": () => ran(kill("SIGKILL")),
  "the engine is restarted": () => ran("systemctl restart docker"),
  "the server is restarted": () => restarted("restart"),
  "the power is cut": () => restarted("kill", "start"),
  "the edge is restarted": () => ran("systemctl restart haproxy"),
  "it is cancelled": () => ran("recoloca cancel"),
  "its journal is torn": () => ran(`${kill("SIGSTOP")}; printf '{"format":1,"at":"2026-' >> ${STORE}/releases/${NEWEST}/journal.jsonl; ${kill("SIGKILL")}`),
  "the clock goes a day ahead": () => setClock("+1d"),
  "the clock goes a day back": () => setClock("-1d"),
  "another deploy comes": () =>
    ran(`sed 's/"release":"[^"]*"/"release":"another"/; s/"BOOT":"[^"]*"/"BOOT":"0.1"/' ${STORE}/releases/${NEWEST}/plan.json | recoloca deploy; test $? = 20`),
  "its container is killed": () =>
    ran(`docker kill --signal KILL $(docker ps --quiet --filter label=recoloca.service=web --filter label=recoloca.release=${NEWEST}) > /dev/null`),
  "its gate flaps": () => ran("recoloca exec store -- sh -c 'echo 2 > /data/flap'"),
  "its gate fails": () => ran("recoloca exec store -- sh -c 'echo 20 > /data/flap'"),
  "the disk is full": async () => {
    // Nothing of the store can be written any more; whoever tries ends with that.
    await server(`dd if=/dev/zero of=${STORE}/fill bs=64k 2> /dev/null`);
    await until("the deploy has ended", 60, async () => (await server("systemctl is-active --quiet 'recoloca-deploy-*'")).code !== 0);
    // Whoever takes it up meets a disk that is still full, where anything is left to do.
    const tries = `systemctl show --property=NRestarts --value 'recoloca-resume@*'; grep --count '"outcome":' ${STORE}/releases/${NEWEST}/record.json`;
    await until("it was tried again and again, or has ended", 60, async () => {
      const [restarts, over] = (await server(tries)).stdout.trim().split("\n").map(Number);
      return restarts! >= 4 || over === 1;
    });
    await ran(`rm ${STORE}/fill`);
  },
} satisfies Record<string, (running: Running) => Promise<void>>;
export type Fault = keyof typeof FAULTS;
