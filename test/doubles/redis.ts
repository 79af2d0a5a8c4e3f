/** A Redis server as far as its users go: who is let in, who is listed, what its file has of that, and who was cut off. Written after Redis 7's answers. */
import { createHash } from "node:crypto";
import * as net from "node:net";

interface User {
  readonly on: boolean;
  readonly hashes: readonly string[];
}

export class RedisDouble {
  users: Record<string, User> = {};
  /** What its next start would begin with. */
  saved: Record<string, User> = {};
  readonly killed: string[] = [];
  /** First words of a command that is answered with an error once: "ACL SAVE". */
  failing: string | undefined;
  port = 0;
  private readonly clients = new Map<number, { readonly socket: net.Socket; user: string; cmd: string }>();
  private readonly server = net.createServer((socket) => {
    const id = this.clients.size + 1;
    const client = { socket, user: "default", cmd: "NULL" };
    this.clients.set(id, client);
    socket.on("data", (data) => {
      const words = wordsOf(data.toString());
      const answer = this.answer(words);
      if (words[0] === "AUTH" && answer === "+OK\r\n") client.user = words[1]!;
      client.cmd = words[0]!.toLowerCase();
      socket.write(answer);
    });
    socket.on("error", () => undefined);
  });

  async start(users: Record<string, string>): Promise<this> {
    this.users = Object.fromEntries(Object.entries(users).map(([name, password]) => [name, { on: true, hashes: [hashOf(password)] }]));
    this.saved = structuredClone(this.users);
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
    this.port = (this.server.address() as net.AddressInfo).port;
    return this;
  }

  stop = (): void => void this.server.close();

  opens(from: Record<string, User>): string[] {
    return Object.keys(from).filter((name) => from[name]!.on && from[name]!.hashes.length > 0);
  }

  private answer(words: readonly string[]): string {
    const line = words.join(" ");
    if (this.failing !== undefined && line.startsWith(this.failing)) {
      this.failing = undefined;
      return "-ERR There was an error trying to save the ACLs. Please check the server logs for more information\r\n";
    }
    const [, , name = ""] = words;
    if (words[0] === "AUTH") {
      const user = this.users[words[1]!];
      return user?.on && user.hashes.includes(hashOf(name)) ? "+OK\r\n" : "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    }
    if (line === "ACL LIST") {
      const lines = Object.entries(this.users).map(([one, { on, hashes }]) =>
        ["user", one, on ? "on" : "off", ...hashes.map((hash) => `#${hash}`), "~* &* +@all"].join(" "),
      );
      return `*${lines.length}\r\n${lines.map((text) => `$${text.length}\r\n${text}\r\n`).join("")}`;
    }
    if (line.startsWith("ACL SETUSER")) this.setUser(name, words.slice(3));
    if (line.startsWith("ACL DELUSER")) delete this.users[name];
    if (line === "ACL SAVE") this.saved = structuredClone(this.users);
    if (line === "CLIENT LIST") {
      const there = [...this.clients].filter(([, { socket }]) => !socket.destroyed);
      const text = there.map(([id, { user, cmd }]) => `id=${id} addr=127.0.0.1:1 age=1 cmd=${cmd} user=${user} resp=2\n`).join("");
      return `$${text.length}\r\n${text}\r\n`;
    }
    if (line.startsWith("CLIENT KILL ID")) {
      const client = this.clients.get(Number(words[3]))!;
      client.socket.destroy();
      this.killed.push(client.user);
      return ":1\r\n";
    }
    if (line.startsWith("CLIENT KILL USER")) {
      const who = words[3]!;
      if (!this.users[who]) return `-ERR No such user '${who}'\r\n`;
      this.killed.push(who);
      return ":1\r\n";
    }
    return "+OK\r\n";
  }

  private setUser(name: string, rules: readonly string[]): void {
    let { on, hashes } = this.users[name] ?? { on: false, hashes: [] };
    for (const rule of rules) {
      if (rule === "reset") [on, hashes] = [false, []];
      if (rule === "resetpass") hashes = [];
      if (rule === "on" || rule === "off") on = rule === "on";
      if (rule.startsWith("#")) hashes = [...hashes, rule.slice(1)];
    }
    this.users[name] = { on, hashes };
  }
}

const hashOf = (password: string) => createHash("sha256").update(password).digest("hex");
/** `*2\r\n$3\r\nACL\r\n$4\r\nLIST\r\n`; no word of ours has a line break. */
const wordsOf = (text: string) =>
  text
    .split("\r\n")
    .slice(2)
    .filter((_part, index) => index % 2 === 0);
