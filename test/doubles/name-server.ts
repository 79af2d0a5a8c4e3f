/**
 * DNS as the stack leaves it: records of Route 53 that the world has, and its zones, to whoever asks this server; any other name is asked of the
 * servers of this machine.
 */
import * as dgram from "node:dgram";
import { Resolver } from "node:dns/promises";
import { type Answer, decode, encode, type Question } from "dns-packet";
import { NAME_SERVERS, RECORD, ZONE } from "./aws-route53.ts";
import { list, text, type Values } from "./values.ts";
import type { World } from "./world.ts";

/** Whether a record is for the name: `*.staging.recoloca.ai` for what is directly below. */
const isFor = ({ fqdn }: Values, name: string) => {
  const [label, ...parent] = text(fqdn).split(".");
  return text(fqdn) === name || (label === "*" && name.endsWith(`.${parent.join(".")}`));
};

const SOA = { mname: NAME_SERVERS[0]!, rname: "awsdns-hostmaster.amazon.com", serial: 1, refresh: 7200, retry: 900, expire: 1_209_600, minimum: 86_400 };

/** `own`: this server's address, which all of the zones' own servers have. */
async function answersTo({ name, type }: Question, world: World, own: string): Promise<Answer[]> {
  const asked = name.toLowerCase();
  const said = world.all(RECORD).filter((one) => one["type"] === type && isFor(one, asked)).flatMap(({ records }) => list(records).map(text)); // prettier-ignore
  const isZone = world.all(ZONE).some((one) => one["name"] === asked);
  if (type === "TXT") return said.map((data) => ({ type, name, ttl: 1, data }));
  if (type === "SOA") return isZone ? [{ type, name, ttl: 1, data: SOA }] : [];
  if (type === "NS") return isZone ? NAME_SERVERS.map((data) => ({ type, name, ttl: 1, data })) : [];
  if (type !== "A") return [];
  const addresses = NAME_SERVERS.includes(asked) ? [own] : said.length > 0 ? said : await new Resolver().resolve4(asked);
  return addresses.map((data) => ({ type, name, ttl: 1, data }));
}

/** On UDP's port 53 of an address of this machine. */
export async function nameServer(address: string, world: World): Promise<{ close(): void }> {
  const socket = dgram.createSocket("udp4");
  socket.on("message", (message, from) => {
    const { id, questions = [] } = decode(message);
    const reply = (answers: Answer[], code = 0) => socket.send(encode({ type: "response", id: id ?? 0, flags: 0x0480 | code, questions, answers }), from.port, from.address); // prettier-ignore
    // 3: there is no such name.
    answersTo(questions[0]!, world, address).then(
      (answers) => reply(answers),
      () => reply([], 3),
    );
  });
  await new Promise<void>((done, fail) => socket.once("error", fail).bind(53, address, done));
  return socket;
}
