/** The way to a server by Session Manager; AWS's two programs are doubles, as there is no AWS here. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { openTunnel, tunnelOf } from "../../operate/tunnel.ts";

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
const tunnel = tunnelOf("staging", raw({ ...EC2, reach: "session-manager" }));

test("of a server that is reached by SSH none is opened", () =>
  expect(() => tunnelOf("staging", raw({ ...EC2, sshFrom: ["203.0.113.0/24"] }))).toThrow(
    'the server of stack "staging" is reached by SSH, and needs no tunnel\n  make status STACK=staging',
  ));

test("it waits for the instance, opens to where the stack looks for it, and opens again to the next one", async () => {
  // Runs from the second look on, and is another one at the third.
  put(
    "aws",
    `echo "$@" >> ${folder}/calls
case "$2" in
  describe-instances)
    echo x >> ${folder}/looks
    case $(wc -l < ${folder}/looks) in 1) ;; 2) echo i-1 ;; *) echo i-2 ;; esac ;;
esac
`,
  );
  const said: string[] = [];
  const opened = () => (fs.existsSync(path.join(folder, "calls")) ? fs.readFileSync(path.join(folder, "calls"), "utf8") : "").match(/start-session.*/g) ?? [];
  await openTunnel(tunnel, { say: (line) => said.push(line), ended: () => opened().length === 2, env: env(), every: 1 });
  const session = (id: string) =>
    `start-session --region sa-east-1 --target ${id} --document-name AWS-StartPortForwardingSession --parameters portNumber=22,localPortNumber=2222`;
  expect(opened()).toEqual([session("i-1"), session("i-2")]);
  expect(said).toEqual([
    " no server called shop-staging runs in sa-east-1 yet; waiting for it",
    " 127.0.0.1:2222 leads to shop-staging (i-1) by SSH, until Ctrl-C",
    " the tunnel ended; opening it again",
    " 127.0.0.1:2222 leads to shop-staging (i-2) by SSH, until Ctrl-C",
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
