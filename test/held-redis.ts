/**
 * One command of the host program's to Redis, held on the test server: before Redis has it, or before its answer is there. So whoever interrupts a
 * deploy then does so between two commands, and not at some moment. A relay that only the host's own connections go through; containers go past it.
 */
import { mustServer, server } from "./site.ts";

const PORT = 7777;
const HELD = "/tmp/redis-held";

const RELAY = `const net = require("node:net");
const [address, since, pattern, when] = process.argv.slice(2);
let begun = false, held = false;
const hold = () => require("node:fs").writeFileSync("${HELD}", "");
net.createServer((client) => {
  const redis = net.connect(6379, address);
  let text = "", mute = false;
  client.on("data", (data) => {
    text += data;
    // *2 $3 ACL $4 LIST, and what comes after the last line: no word has a line break.
    const parts = text.split("\\r\\n");
    if (parts.length < 2 * Number(parts[0].slice(1)) + 2) return;
    const [whole, said] = [text, parts.filter((_, index) => index > 1 && index % 2 === 0).join(" ")];
    text = "";
    begun ||= new RegExp(since).test(said);
    const hit = begun && !held && new RegExp(pattern).test(said);
    held ||= hit;
    if (hit && when === "before") return hold();
    mute = hit;
    redis.write(whole);
  });
  redis.on("data", (data) => mute ? hold() : client.write(data));
  for (const [one, other] of [[client, redis], [redis, client]]) one.on("error", () => {}).on("close", () => other.destroy());
}).listen(${PORT});
`;

export interface Held {
  /** `before`: Redis does not have it yet. `after`: it has, and nobody knows. */
  readonly when: "before" | "after";
  /** Beginning of the command: `ACL SAVE`. */
  readonly command: string;
  /** The first one after this. */
  readonly since: string;
}

const rule = (change: "insert" | "delete", address: string) =>
  `iptables --table nat --${change} OUTPUT --protocol tcp --destination ${address} --dport 6379 --match owner ! --uid-owner nobody --jump REDIRECT --to-ports ${PORT}`;

/** From here on the first such command is held, until its connection ends. `reached`: it is there; `end`: all go past again. */
export async function hold({ when, command, since }: Held): Promise<{ readonly reached: () => Promise<void>; readonly end: () => Promise<void> }> {
  const address = (
    await mustServer(
      `docker inspect --format '{{(index .NetworkSettings.Networks "shapes-test_blue").IPAddress}}' $(docker ps --quiet --filter label=recoloca.service=cache)`,
    )
  ).trim();
  await mustServer(
    `rm -f ${HELD}; cat > /tmp/redis-relay.js; systemd-run --quiet --collect --unit redis-relay --uid nobody node /tmp/redis-relay.js ${address} '^${since}' '^${command}' ${when} &&
timeout 10 sh -c 'until ss -Hltn sport = :${PORT} | grep -q .; do sleep 0.05; done' && ${rule("insert", address)}`,
    RELAY,
  );
  return {
    reached: async () => void (await mustServer(`timeout 60 sh -c 'until test -e ${HELD}; do sleep 0.05; done'`)),
    // Gone with the power.
    end: async () => void (await server(`${rule("delete", address)}; systemctl stop redis-relay`)),
  };
}
