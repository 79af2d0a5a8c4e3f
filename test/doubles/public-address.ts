/** The public address: this machine's ports lead to the instance that has the address at the moment, as far as its security groups let them. */
import * as net from "node:net";
import { EIP_ASSOCIATION, INGRESS, INSTANCE, SECURITY_GROUP } from "./aws-network.ts";
import { list, record, text, type Values } from "./values.ts";
import type { World } from "./world.ts";

/** The instance that an Elastic IP is associated with, else one that got a public address at its start. */
export function addressed(world: World): Values | undefined {
  const associated = world.all(EIP_ASSOCIATION).map((one) => text(one["instanceId"]));
  const instances = world.all(INSTANCE);
  return instances.find((one) => associated.includes(text(one["id"]))) ?? instances.findLast((one) => text(one["publicIp"]) !== "");
}

const covers = (rule: Values, port: number) =>
  ["-1", "all"].includes(text(rule["ipProtocol"] ?? rule["protocol"])) || ((rule["fromPort"] as number) <= port && port <= (rule["toPort"] as number));

/** Whose addresses a rule lets in is not looked at: all tests come from the same one. */
export function isOpen(world: World, instance: Values, port: number): boolean {
  const groups = list(instance["vpcSecurityGroupIds"]);
  const beside = world.all(INGRESS).filter((rule) => groups.includes(rule["securityGroupId"]));
  const inline = groups.flatMap((group) => list(world.get(SECURITY_GROUP, group)?.["ingress"]).map(record));
  return [...beside, ...inline].some((rule) => covers(rule, port));
}

/** One port of an address of this machine. `target`: the port that leads to the instance now, nothing if none has the address or may be reached. */
export function forward(address: string, port: number, target: () => Promise<number | undefined>): Promise<net.Server> {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
    near.on("error", () => near.destroy());
    void target().then((to) => {
      if (to === undefined) return near.destroy();
      const far = net.connect({ port: to, host: "127.0.0.1", allowHalfOpen: true });
      far.on("error", () => near.destroy()).on("close", () => near.destroy());
      near.on("close", () => far.destroy());
      near.pipe(far).pipe(near);
      near.resume();
    });
  });
  return new Promise((done, fail) => server.once("error", fail).listen(port, address, () => done(server)));
}
