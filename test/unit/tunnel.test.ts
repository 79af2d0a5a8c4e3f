/** The way to a server by Session Manager; AWS's two programs are doubles, as there is no AWS here. */
import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { openTunnel, tunnelOf, type Tunnel } from "../../operate/tunnel.ts";
import { freePort } from "../free-port.ts";

const EC2 = { region: "sa-east-1", instanceType: "t4g.small", image: "ubuntu-24.04" };
const raw = (ec2: object) => ({
  values: { application: "shop", hostPort: "2222", hostAddress: "127.0.0.1", ec2: JSON.stringify(ec2) },
  encrypted: new Set<string>(),
});

let folder: string;
const put = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}`, { mode: 0o755 });
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tunnel-"));
  put("session-manager-plugin", "exit 0\n");
});
const env = () => ({ PATH: `${folder}:/usr/bin:/bin` });
const managed = raw({ ...EC2, reach: "session-manager" });
const calls = () => (fs.existsSync(path.join(folder, "calls")) ? fs.readFileSync(path.join(folder, "calls"), "utf8") : "");
const opened = () => calls().match(/start-session.*/g) ?? [];

/** What the two of AWS's do: `instances` for each look, and `session` for each session. */
const putAws = (instances: string, session: string) =>
  put(
    "aws",
    `echo "$@" >> ${folder}/calls
case "$2" in
  describe-instances)
    echo x >> ${folder}/looks
    looks=$(wc -l < ${folder}/looks)
    ${instances} ;;
  start-session)
    ${session} ;;
esac
`,
  );
/** As a server answers through it, until somebody has asked. */
const leadsTo = (port: number) => {
  const script = path.join(folder, "session.cjs");
  fs.writeFileSync(
    script,
    `require("node:net").createServer((socket) => { socket.on("error", () => 0).end("SSH-2.0-OpenSSH_9\\r\\n"); setTimeout(() => process.exit(0), 100); }).listen(${port}, "127.0.0.1");`,
  );
  return `exec ${process.execPath} ${script}`;
};
let tunnel: Tunnel;
beforeEach(async () => (tunnel = { ...tunnelOf("staging", managed), port: await freePort() }));

test("it begins where the stack looks for the server, and nowhere by itself: on 22 would be this machine's own", () => {
  expect(tunnelOf("staging", managed)).toEqual({ name: "shop-staging", region: "sa-east-1", port: 2222 });
  const { hostPort: _, ...values } = managed.values;
  expect(() => tunnelOf("staging", { ...managed, values })).toThrow(
    'nobody knows at which port of this machine the tunnel of stack "staging" begins\n  pulumi config set recoloca:hostPort 2222 --stack staging',
  );
});

test("of a server that is reached by SSH none is opened", () =>
  expect(() => tunnelOf("staging", raw({ ...EC2, sshFrom: ["203.0.113.0/24"] }))).toThrow(
    'the server of stack "staging" is reached by SSH, and needs no tunnel\n  make status STACK=staging',
  ));

test("it waits for the instance, opens to where the stack looks for it, and opens again to the next one; each is said once it answers", async () => {
  const { port } = tunnel;
  // Runs from the second look on, and is another one at the third.
  putAws("case $looks in 1) ;; 2) echo i-1 ;; *) echo i-2 ;; esac", leadsTo(port));
  const said: string[] = [];
  const leads = () => said.filter((line) => line.includes("leads to"));
  await openTunnel(tunnel, { say: (line) => said.push(line), ended: () => leads().length === 2, env: env(), every: 1 });
  const session = (id: string) =>
    `start-session --region sa-east-1 --target ${id} --document-name AWS-StartPortForwardingSession --parameters portNumber=22,localPortNumber=${port}`;
  expect(opened()).toEqual([session("i-1"), session("i-2")]);
  expect(said).toEqual([
    " no server called shop-staging runs in sa-east-1 yet; waiting for it",
    ` 127.0.0.1:${port} leads to shop-staging (i-1) by SSH, until Ctrl-C`,
    " the tunnel ended; opening it again",
    ` 127.0.0.1:${port} leads to shop-staging (i-2) by SSH, until Ctrl-C`,
  ]);
});

const DENIED = "An error occurred (AccessDeniedException) when calling the StartSession operation: not authorized";

test("one that never opens is given up with AWS's word, and leads nowhere until then", async () => {
  putAws("echo i-1", `echo "" >&2; echo "${DENIED}" >&2; exit 254`);
  const said: string[] = [];
  await expect(openTunnel(tunnel, { say: (line) => said.push(line), ended: () => false, env: env(), every: 1 })).rejects.toThrow(
    `the tunnel to shop-staging (i-1) does not open\n  ${DENIED}\n  wanted is ssm:StartSession, docs/aws.md, On call; who am I there: aws sts get-caller-identity`,
  );
  expect(opened()).toHaveLength(5);
  expect(said).toEqual([` the tunnel to shop-staging (i-1) does not open yet: ${DENIED}; trying again`]);
});

test("an agent that does not answer yet, as while the server starts, is waited for", async () => {
  const gone = "An error occurred (TargetNotConnected) when calling the StartSession operation: i-1 is not connected.";
  const more = `if [ $(grep -c start-session ${folder}/calls) -lt 8 ]; then echo "${gone}" >&2; exit 254; fi; ${leadsTo(tunnel.port)}`;
  putAws("echo i-1", more);
  const said: string[] = [];
  await openTunnel(tunnel, { say: (line) => said.push(line), ended: () => said.length === 2, env: env(), every: 1 });
  expect(said).toEqual([
    ` the tunnel to shop-staging (i-1) does not open yet: ${gone}; trying again`,
    ` 127.0.0.1:${tunnel.port} leads to shop-staging (i-1) by SSH, until Ctrl-C`,
  ]);
});

test("a port that something else of this machine has is no tunnel", async () => {
  putAws("echo i-1", "exit 0");
  const other = createServer((socket) => socket.end("SSH-2.0-mine\r\n")).listen(tunnel.port, "127.0.0.1");
  try {
    await once(other, "listening");
    await expect(openTunnel(tunnel, { say: () => undefined, ended: () => false, env: env(), every: 1 })).rejects.toThrow(
      "the tunnel to shop-staging (i-1) does not open\n  something else of this machine has that port\n  another port: pulumi config set recoloca:hostPort 2222",
    );
    expect(opened()).toEqual([]);
  } finally {
    other.close();
  }
});

test("where AWS does not answer later on, it is asked again; the tunnel goes on", async () => {
  putAws('case $looks in 1|4) echo i-1 ;; *) echo "Error when retrieving token from sso: Token has expired" >&2; exit 255 ;; esac', leadsTo(tunnel.port));
  const said: string[] = [];
  const leads = () => said.filter((line) => line.includes("leads to"));
  await openTunnel(tunnel, { say: (line) => said.push(line), ended: () => leads().length === 2, env: env(), every: 1 });
  expect(said).toEqual([
    leads()[0],
    " the tunnel ended; opening it again",
    " AWS does not say whether shop-staging runs: Error when retrieving token from sso: Token has expired; asking again (who am I there: aws sts get-caller-identity)",
    leads()[0],
  ]);
});

test("what AWS refuses is said, with how to see who one is there", async () => {
  put("aws", 'case "$1" in --version) exit 0 ;; esac; echo "An error occurred (AuthFailure)" >&2; exit 254\n');
  await expect(openTunnel(tunnel, { say: () => undefined, ended: () => false, env: env() })).rejects.toThrow(
    "AWS does not say whether shop-staging runs\n  An error occurred (AuthFailure)\n  who am I there: aws sts get-caller-identity",
  );
});

test("a program of AWS's that is not here is named, with where it is to be had", async () => {
  await expect(openTunnel(tunnel, { say: () => undefined, ended: () => false, env: { PATH: folder } })).rejects.toThrow(
    /^a tunnel wants aws, which is not here\n {2}https:/,
  );
});
