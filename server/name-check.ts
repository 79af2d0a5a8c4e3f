/** Whether a host name leads to this server: asked before an authority is, which counts wrong answers. */
import { Resolver } from "node:dns/promises";
import * as net from "node:net";
import * as os from "node:os";

const resolver = new Resolver({ timeout: 3000, tries: 2 });

/** Of the DNS alone, as the authority sees it; a hosts file does not count. */
const addressesOf = async (name: string): Promise<string[]> => (net.isIP(name) ? [name] : resolver.resolve4(name));

const own = () =>
  Object.values(os.networkInterfaces())
    .flat()
    .flatMap((one) => (one?.family === "IPv4" && !one.internal ? [one.address] : []));

/** Why not, with what mends it; undefined where each of its addresses is one of this server's. */
export async function whyNotHere(name: string, addresses: readonly string[]): Promise<string | undefined> {
  const told = (await Promise.all(addresses.map((one) => addressesOf(one).catch((): string[] => [])))).flat();
  const here = [...new Set([...told, ...own()])];
  const known = told.filter((one) => !one.startsWith("127."));
  const record = `its A record has to be ${(known.length > 0 ? known : own()).join(" or ")}`;
  let leads: string[];
  try {
    leads = await addressesOf(name);
  } catch (error) {
    return `${name} has no address in the DNS (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}): ${record}`;
  }
  const away = leads.filter((one) => !here.includes(one));
  if (away.length === 0) return undefined;
  return `${name} leads to ${away.join(", ")}, which is not this server: ${record}; where that address leads here all the same: pulumi config set --path 'recoloca:domainAddresses[0]' ${away[0]}`;
}
