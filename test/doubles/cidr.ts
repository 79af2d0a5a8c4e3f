/** Blocks of addresses: their form, and whether one is inside another. */
import { BlockList, isIP } from "node:net";
import type { Rule } from "./kinds.ts";
import { text } from "./values.ts";

interface Block {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

function block(cidr: string): Block | undefined {
  const [address = "", bits = ""] = cidr.split("/");
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  if (version === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > most) return undefined;
  return { address, bits: Number(bits), family: version === 4 ? "ipv4" : "ipv6" };
}

const number = (address: string) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
/** The address is the block's first one. */
const isFirst = ({ address, bits, family }: Block) => family === "ipv6" || number(address) % 2 ** (32 - bits) === 0;

export function isWithin(inner: string, outer: string): boolean {
  const [a, b] = [block(inner), block(outer)];
  if (!a || !b || a.family !== b.family || a.bits < b.bits) return false;
  const blocks = new BlockList();
  blocks.addSubnet(b.address, b.bits, b.family);
  return blocks.check(a.address, a.family);
}

export const overlap = (one: string, other: string) => isWithin(one, other) || isWithin(other, one);

/** The nth address of an IPv4 block. */
export function addressIn(cidr: string, n: number): string {
  const all = number(cidr.split("/")[0]!) + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(all / 2 ** shift) % 256).join(".");
}

const cidr =
  (property: string, family: Block["family"], least = 0, most = 128): Rule =>
  (inputs) => {
    const value = inputs[property];
    if (value === undefined) return undefined;
    const found = block(text(value));
    if (found?.family !== family) return `"${text(value)}" is not a valid ${family === "ipv4" ? "IPv4" : "IPv6"} CIDR block (${property})`;
    if (!isFirst(found)) return `invalid CIDR address: "${text(value)}" (${property}) has bits set to the right of its /${found.bits}`;
    return found.bits < least || found.bits > most
      ? `InvalidVpc.Range: The CIDR '${text(value)}' is invalid: it must be between /${least} and /${most}`
      : undefined;
  };

export const ipv4Cidr = (property: string, least = 0, most = 32) => cidr(property, "ipv4", least, most);
export const ipv6Cidr = (property: string) => cidr(property, "ipv6");
