/** A bastion before the server: how it is configured, and what goes with it. */
import { BlockList, isIP } from "node:net";
import * as z from "zod";
import type { Ec2 } from "./ec2.ts";
import { hostKeyForm } from "./host-key.ts";
import { noted, setCommand, type Problem } from "./problems.ts";

const word = (form: RegExp, wants: string) => z.string(wants).regex(form, wants);
const PORT = "wants a port: 22";

export const bastionForm = z.strictObject({
  address: word(/^[A-Za-z0-9.:_-]+$/, "wants a host name or an address: bastion.recoloca.ai"),
  port: z.number(PORT).int(PORT).min(1, PORT).max(65535, PORT).default(22),
  user: word(/^[^\s@:-][^\s@:]*$/, "wants a user's name: jump"),
  hostKey: hostKeyForm("bastion"),
});
export type Bastion = z.output<typeof bastionForm>;

export const BASTION_KEY = "cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:bastionPrivateKey";

export interface BastionValues {
  readonly bastion?: Bastion | undefined;
  readonly bastionPrivateKey?: string | undefined;
  readonly sshPrivateKey?: string | undefined;
  readonly hostAddress?: string | undefined;
  readonly ec2?: Ec2 | undefined;
}

/** The bastion with the key that opens it: one of its own, else the one that opens the server. */
export function bastionOf({ bastion, bastionPrivateKey, sshPrivateKey }: BastionValues): (Bastion & { privateKey: string }) | undefined {
  const privateKey = bastionPrivateKey ?? sshPrivateKey;
  return bastion && privateKey !== undefined ? { ...bastion, privateKey } : undefined;
}

/** What can only be seen beside other values. `given`: keys that the stack's file has, well-formed or not. */
export function checkBastion(values: BastionValues, given: ReadonlySet<string>): Problem[] {
  const { bastion, ec2, hostAddress } = values;
  if (given.has("bastionPrivateKey") && !given.has("bastion"))
    return [
      {
        key: "bastionPrivateKey",
        says: "is there, and recoloca:bastion, which it opens, is not",
        fix: "pulumi config rm recoloca:bastionPrivateKey",
      },
    ];
  if (!bastion || !ec2) return [];
  const { problems, say } = noted();
  // Nobody could put the public half onto the bastion before the first `up`, which makes it and needs it there.
  if (!given.has("bastionPrivateKey"))
    say("bastionPrivateKey", "is missing: the key that the stack makes opens the server that it makes and nothing before it", BASTION_KEY);
  if (ec2.reach === "session-manager") {
    say("bastion", "and recoloca:ec2.reach session-manager are two ways to one server: one of them", setCommand("ec2.reach", "direct"));
    return problems;
  }
  const { address } = bastion;
  const range = rangeOf(address) ?? "203.0.113.4/32";
  if (ec2.sshFrom.length === 0 && hostAddress !== undefined)
    say("ec2.sshFrom", "is missing: the server would not let the bastion in, from where it comes", setCommand("ec2.sshFrom[0]", range));
  for (const [index, open] of ec2.sshFrom.entries())
    if (open.endsWith("/0")) say(`ec2.sshFrom[${index}]`, `got "${open}": anybody may come past the bastion`, setCommand(`ec2.sshFrom[${index}]`, range));
  // By another name or from a private network it comes from somewhere that nobody knows here.
  if (hostAddress === undefined && ec2.sshFrom.length > 0 && rangeOf(address) !== undefined && !PRIVATE.check(address, family(address)))
    if (!blockList(ec2.sshFrom).check(address, family(address)))
      say(
        "ec2.sshFrom",
        `holds no range with the bastion's address ${address}: the server would not let it in`,
        setCommand(`ec2.sshFrom[${ec2.sshFrom.length}]`, range),
      );
  return problems;
}

const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");

const rangeOf = (address: string) => (isIP(address) === 0 ? undefined : `${address}/${isIP(address) === 6 ? 128 : 32}`);

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits = ""] = range.split("/");
    list.addSubnet(address, Number(bits), family(address));
  }
  return list;
}

const PRIVATE = blockList(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "::1/128", "fc00::/7", "fe80::/10"]);
