/** An EC2 instance of the doubles: user data really boots, asks the metadata service and the parameter store, and finds its volume. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attempt } from "../../local/command.ts";
import { inSite, testSite } from "../../local/site.ts";
import { type Doubles, startDoubles } from "../doubles/doubles.ts";
import { TestStack } from "../doubles/test-stack.ts";

const folder = inSite(testSite, "instance");
const program = path.join(import.meta.dirname, "../doubles/program");
const INSTANCE = "aws:ec2/instance:Instance";

/** Written as a program of ours would be: the host key from the parameter store, a key to log in with, a page, and a note on the volume. */
const userData = (name: string, publicKey: string) => `#cloud-config
disable_root: false
write_files:
  - path: /root/.ssh/authorized_keys
    permissions: "0600"
    content: |
      ${publicKey}
  - path: /usr/local/sbin/first-boot
    permissions: "0755"
    content: |
      #!/bin/sh
      set -eu
      metadata=http://169.254.169.254/latest
      token=$(curl --fail --silent --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' $metadata/api/token)
      ask() { curl --fail --silent --header "X-aws-ec2-metadata-token: $token" "$metadata/$1"; }
      curl --silent --output /dev/null --write-out '%{http_code}' $metadata/meta-data/instance-id > /root/without-token
      ask meta-data/instance-id > /root/instance-id
      region=$(ask meta-data/placement/region)
      role=$(ask meta-data/iam/security-credentials/)
      ask "meta-data/iam/security-credentials/$role" > /run/credentials.json
      field() { sed -n "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/p" /run/credentials.json; }
      parameter() {
        curl --silent --aws-sigv4 "aws:amz:$region:ssm" --user "$(field AccessKeyId):$(field SecretAccessKey)" \\
          --header "x-amz-security-token: $(field Token)" --header 'content-type: application/x-amz-json-1.1' \\
          --header 'x-amz-target: AmazonSSM.GetParameter' --data "{\\"Name\\":\\"$1\\",\\"WithDecryption\\":true}" "https://ssm.$region.amazonaws.com/"
      }
      parameter /doubles/note > /root/refused
      parameter /doubles/host-key | sed 's/.*"Value":"\\([^"]*\\)".*/\\1/; s/\\\\n/\\n/g' > /etc/ssh/ssh_host_ed25519_key
      rm /etc/ssh/ssh_host_ed25519_key.pub
      systemctl restart ssh
      until mountpoint -q /data; do sleep 0.1; done
      test -e /data/first || echo ${name} > /data/first
runcmd:
  - [/usr/local/sbin/first-boot]
`;

let doubles: Doubles;
let stack: TestStack;

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  doubles = await startDoubles({ folder, hosting: { site: testSite, mounts: { "/dev/sdf": "/data" } } });
  await doubles.host!.removeAll();
  stack = await TestStack.open({ program, name: "test", folder, env: doubles.env });
});
afterAll(async () => {
  await doubles.host!.removeAll();
  await doubles.stop();
});

const publicKey = fs.readFileSync(inSite(testSite, "id_ed25519.pub"), "utf8").trim();
const up = (config: Record<string, unknown>) => {
  stack.configure(Object.fromEntries(Object.entries(config).map(([key, value]) => [`doubles:${key}`, value])));
  return stack.up();
};
const instance = () => doubles.world.all(INSTANCE)[0]!["id"] as string;

/** By SSH at the public address, with the host key pinned that the stack made. */
async function ssh(command: string) {
  const known = path.join(folder, "known_hosts");
  fs.writeFileSync(known, `[127.0.0.1]:${testSite.sshPort} ${String((await stack.outputs())["publicKey"])}`);
  return attempt("ssh", [
    "-i", inSite(testSite, "id_ed25519"), "-p", String(testSite.sshPort), "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${known}`,
    "-o", "StrictHostKeyChecking=yes", "-o", "HostKeyAlgorithms=ssh-ed25519", "-o", "LogLevel=ERROR", "root@127.0.0.1", command,
  ]); // prettier-ignore
}

test("an image of another architecture than the instance's type is refused", async () => {
  const ran = await up({ userData: "#cloud-config\n{}\n", architecture: "x86_64" });
  expect(ran.output).toContain("The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64' of the specified AMI.");
});

test("user data boots: host key from the parameter store, the metadata service by token only, the volume mounted", async () => {
  const ran = await up({ userData: userData("one", publicKey) });
  expect(ran.code, ran.output).toBe(0);
  await doubles.host!.booted(instance());
  const read = await ssh("cat /root/instance-id; echo; cat /root/without-token; echo; cat /root/refused; echo; cat /data/first");
  const [id, without, refused, first] = read.output.split("\n");
  expect(id, read.output).toBe(instance());
  expect(without).toBe("401");
  expect(refused).toContain("AccessDeniedException");
  expect(refused).toContain("is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:eu-central-1:123456789012:parameter/doubles/note");
  expect(first).toBe("one");
  expect((await up({ userData: userData("one", publicKey) })).output).toMatch(/\d+ unchanged/);
});

test("what comes from a container does not reach the metadata service, because the hop limit is 1", async () => {
  const container = [
    "ip netns add container", "ip link add outside type veth peer name inside netns container", "ip address add 10.99.0.1/24 dev outside", "ip link set outside up",
    "ip -n container address add 10.99.0.2/24 dev inside", "ip -n container link set inside up", "ip -n container route add default via 10.99.0.1",
    "ip netns exec container curl --silent --max-time 2 --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token",
  ]; // prettier-ignore
  const ran = await doubles.host!.on(instance(), container.join(" && "));
  // 7: nobody there; 28: no answer.
  expect([7, 28], ran.output).toContain(ran.code);
});

test("a reboot: the same disk, the volume mounted again, at the same address", async () => {
  await doubles.host!.reboot(instance());
  await expect.poll(async () => (await ssh("cat /data/first; cat /root/instance-id")).stdout, { timeout: 60_000 }).toBe(`one\n${instance()}`);
});

test("an instance that is protected is not terminated", async () => {
  const config = { userData: userData("one", publicKey), protected: true };
  expect((await up(config)).code).toBe(0);
  const ran = await stack.destroy();
  expect(ran.output).toContain("may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.");
  expect((await up({ userData: userData("one", publicKey) })).code).toBe(0);
});

test("an instance that is made anew has the same volume, with what was on it", async () => {
  const before = instance();
  const ran = await up({ userData: userData("two", publicKey), architecture: "x86_64", instanceType: "t3.small" });
  expect(ran.code, ran.output).toBe(0);
  expect(instance()).not.toBe(before);
  await doubles.host!.booted(instance());
  expect((await ssh("cat /data/first")).stdout).toBe("one\n");
  expect((await attempt("docker", ["inspect", `${testSite.name}-${before}`])).code).not.toBe(0);
});

test("user data that fails is told with cloud-init's own log", async () => {
  const ran = await up({ userData: "#cloud-config\nruncmd:\n  - [sh, -c, 'echo this went wrong; exit 3']\n", architecture: "arm64" });
  expect(ran.code, ran.output).toBe(0);
  await expect(doubles.host!.booted(instance())).rejects.toThrow(/did not come up[\s\S]*this went wrong/);
});

test("destroyed, nothing of it runs", async () => {
  const ran = await stack.destroy();
  expect(ran.code, ran.output).toBe(0);
  const { stdout } = await attempt("docker", ["ps", "--all", "--quiet", "--filter", `label=recoloca.instance=${testSite.name}`]);
  expect(stdout).toBe("");
});
