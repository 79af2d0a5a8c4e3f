/** DNS as the stack leaves it: records of Route 53 that the world has, to whoever asks this server; any other name is asked of the servers of this machine. */
import * as dgram from "node:dgram";
import { Resolver } from "node:dns/promises";
import { type Answer, decode, encode, type Question } from "dns-packet";
import { RECORD } from "./aws-route53.ts";
import { list, text, type Values } from "./values.ts";
import type { World } from "./world.ts";

/** Whether a record is for the name: `*.staging.recoloca.ai` for what is directly below. */
const isFor = ({ fqdn }: Values, name: string) => {
  const [label, ...parent] = text(fqdn).split(".");
  return text(fqdn) === name || (label === "*" && name.endsWith(`.${parent.join(".")}`));
};

async function answersTo({ name, type }: Question, world: World): Promise<Answer[]> {
  const asked = name.toLowerCase();
  if (type !== "A") return [];
  const ours = world.all(RECORD).filter((one) => isFor(one, asked));
  const addresses =
    ours.length > 0 ? ours.filter((one) => one["type"] === "A").flatMap(({ records }) => list(records).map(text)) : await new Resolver().resolve4(asked);
  return addresses.map((data) => ({ type: "A", name, ttl: 1, data }));
}

/** On UDP's port 53 of an address of this machine. */
export async function nameServer(address: string, world: World): Promise<{ close(): void }> {
  const socket = dgram.createSocket("udp4");
  socket.on("message", (message, from) => {
    const { id, questions = [] } = decode(message);
    const reply = (answers: Answer[], code = 0) => socket.send(encode({ type: "response", id: id ?? 0, flags: 0x0480 | code, questions, answers }), from.port, from.address); // prettier-ignore
    // 3: there is no such name.
    answersTo(questions[0]!, world).then(
      (answers) => reply(answers),
      () => reply([], 3),
    );
  });
  await new Promise<void>((done, fail) => socket.once("error", fail).bind(53, address, done));
  return socket;
}
