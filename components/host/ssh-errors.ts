/** What a person reads where the way to a server ends early: which machine it was, why, and the command that mends it. */
import { Refusal } from "../refusal.ts";

/** Where is knocked, and as whom. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The bastion that leads there. @default none: it is reached directly */
  readonly via?: Place;
}

/** Whether it is the bastion itself: its keys and its address are set elsewhere than the server's. */
export interface Named extends Place {
  readonly bastion?: boolean;
}

const at = ({ host, port }: Place) => `${host.includes(":") ? `[${host}]` : host}:${port}`;
const whom = (place: Named) => (place.bastion ? "bastion" : "server");
const through = (place: Place) => (place.via ? `, behind the bastion ${at(place.via)},` : "");
/** OpenSSH's own words for the same way, to try it by hand. */
const ssh = ({ host, port, user, via }: Place) => `ssh ${via ? `-J ${via.user}@${at(via)} ` : ""}-p ${port} ${user}@${host}`;

export const wrongKey = (place: Named, why: string) =>
  new Refusal(`the ${whom(place)} ${at(place)}${through(place)} does not let "${place.user}" in with the private key of this stack; nothing was changed
  ${why}; its public half belongs into that user's authorized_keys on the ${whom(place)}
    cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:${place.bastion ? "bastionPrivateKey" : "sshPrivateKey"}
${place.bastion ? "" : "  where it was renewed since this checkout was made, git pull brings the one of today\n"}  OpenSSH 9.8 and newer turn a machine away for some seconds after a wrong key: wait a little before the next try`);

export const otherHostKey = (place: Named, pinned: string, shown: string | undefined) =>
  new Refusal(`whoever answers at ${at(place)}${through(place)} is not the ${whom(place)} whose host key is pinned; nothing was sent, nothing was changed
  pinned    ${pinned}
  it shows  ${shown ?? "a key of another kind"}
  if the ${whom(place)} was made anew, compare with its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; then
    pulumi config set ${place.bastion ? "--path 'recoloca:bastion.hostKey'" : "recoloca:hostKey"} "$(${keyscan(place)} | cut -d' ' -f2-)"`);

/** ssh-keyscan goes through nothing, so the bastion has to run it. */
const keyscan = ({ host, port, via }: Place) => `${via ? `ssh -p ${via.port} ${via.user}@${via.host} ` : ""}ssh-keyscan -p ${port} -t ed25519 ${host}`;

/** `look`: what to look at where the stack has made the server itself, whose address and keys nobody sets: sentences and commands. */
export const noAnswer = (place: Named, why: string, look?: string) =>
  new Refusal(
    place.bastion
      ? `the bastion ${at(place)} does not answer (${why}); the server was not asked, nothing was changed
  is it up, and does its firewall let this machine in? Try: ${ssh(place)} true
  if it has moved: pulumi config set --path recoloca:bastion.address ADDRESS`
      : `the server ${at(place)} does not answer ${place.via ? `its bastion ${at(place.via)} ` : ""}(${why}); nothing was changed
  ${
    look ??
    `is it up, and does its firewall let ${place.via ? "the bastion" : "this machine"} in? Try: ${ssh(place)} true
  if it has moved: pulumi config set recoloca:hostAddress ADDRESS`
  }`,
  );

export const noForwarding = (place: Place & { readonly via: Place }, why: string) =>
  new Refusal(`the bastion ${at(place.via)} lets "${place.via.user}" in and does not forward to ${at(place)} (${why}); nothing was changed
  its sshd_config has to allow it: AllowTcpForwarding local, and where there is a PermitOpen ${at(place)} in it
  so has that user's line in authorized_keys: no "restrict" without "port-forwarding", and where there is a permitopen "${at(place)}" in it`);

export const notReady = (place: Place, why: string) =>
  new Refusal(`the server ${at(place)} cannot be prepared; nothing was changed
  ${why}
  it is another one: pulumi config set recoloca:hostAddress ADDRESS; it is let in as another user: pulumi config set recoloca:hostUser USER`);
