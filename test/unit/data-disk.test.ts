/** A data disk that does not come: nothing is put on the root disk in its place. The scripts run as they are, but for the places that they write to. */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { usable } from "../../components/ec2-machine/image.ts";
import { DATA_LABEL, userData } from "../../components/ec2-machine/user-data.ts";
import { growScript } from "../../components/host/data-disk.ts";
import { getInstanceType } from "../doubles/aws-images.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "data-disk-"));
  // Nobody has the time.
  for (const [name, text] of [["sleep", "#!/bin/sh\n"], ["mkfs.ext4", "#!/bin/sh\nexit 99\n"], ["mount", "#!/bin/sh\nexit 99\n"]] as const)
    fs.writeFileSync(path.join(folder, name), text, { mode: 0o755 });
}); // prettier-ignore
const run = (script: string) => spawnSync("sh", ["-c", script], { encoding: "utf8", env: { PATH: `${folder}:${process.env["PATH"]}` } });

const BOOT = {
  region: "sa-east-1",
  hostKeyParameter: "/shop/staging/ssh-host-key",
  hostKey: "ssh-ed25519 AAAA",
  user: "recoloca",
  publicKey: "ssh-ed25519 BBBB",
};
const bootScript = () => {
  const config = JSON.parse(userData({ ...BOOT, volume: "vol-0123456789abcdef0" }).replace("#cloud-config\n", "")) as { bootcmd: string[][] };
  const script = config.bootcmd[0]!.at(-1)!;
  execFileSync("sh", ["-n", "-c", script]);
  return `set -eu\n${script.slice(script.indexOf("echo 'LABEL="))}`;
};

/** By what AWS answers, of the doubles. */
const architectureOf = (type: string) => usable(type, getInstanceType({ instanceType: type }) as Parameters<typeof usable>[1]);

test("a first start without the disk ends, and has written what must be mounted: the engine does not start without that", () => {
  const fstab = path.join(folder, "fstab");
  const ran = run(bootScript().replaceAll("/etc/fstab", fstab).replaceAll("/srv/recoloca", `${folder}/srv`));
  expect([ran.status, ran.stdout]).toEqual([1, "recoloca: vol-0123456789abcdef0 was not attached in 300s\n"]);
  expect(fs.readFileSync(fstab, "utf8").split("\n")).toEqual([
    `LABEL=${DATA_LABEL} ${folder}/srv ext4 defaults,nofail,x-systemd.growfs 0 2`,
    `${folder}/srv/docker /var/lib/docker none bind,nofail,x-systemd.requires-mounts-for=${folder}/srv 0 0`,
    `${folder}/srv/recoloca /var/lib/recoloca none bind,nofail,x-systemd.requires-mounts-for=${folder}/srv 0 0`,
    "",
  ]);
});

/** A disk of that content, by the tools that look at it: a new one is empty, and nothing else may be formatted. */
describe("what is on the disk", () => {
  const boot = (content: Buffer | string) => {
    const disk = path.join(folder, "disk");
    fs.writeFileSync(disk, content);
    fs.writeFileSync(path.join(folder, "mkfs.ext4"), `#!/bin/sh\necho formatted "$@" > ${folder}/formatted\n`, { mode: 0o755 });
    fs.writeFileSync(path.join(folder, "mount"), `#!/bin/sh\necho mounted > ${folder}/mounted\n`, { mode: 0o755 });
    fs.writeFileSync(path.join(folder, "mkdir"), "#!/bin/sh\n", { mode: 0o755 });
    const script = bootScript()
      .replaceAll("/etc/fstab", path.join(folder, "fstab"))
      .replaceAll("/srv/recoloca", `${folder}/srv`)
      .replace(/^device=.*$/m, `device=${disk}`);
    const ran = run(script);
    const did = ["formatted", "mounted"].filter((one) => fs.existsSync(path.join(folder, one)));
    return [ran.status, did, ran.stdout];
  };
  const ZEROS = Buffer.alloc(2 ** 21);

  test("nothing, as of a new one: it is formatted and mounted", () => expect(boot(ZEROS)).toEqual([0, ["formatted", "mounted"], ""]));

  test("a file system: it is mounted as it is", () => {
    const disk = path.join(folder, "made");
    fs.writeFileSync(disk, Buffer.alloc(2 ** 23));
    execFileSync("/sbin/mkfs.ext4", ["-q", "-L", DATA_LABEL, disk]);
    expect(boot(fs.readFileSync(disk))).toEqual([0, ["mounted"], ""]);
  });

  test("what nobody knows, and what cannot be told: it is left alone", () => {
    const says = (code: number) =>
      `recoloca: what is on vol-0123456789abcdef0 cannot be told (blkid ended with ${code}), so it is left as it is, and not mounted\n`;
    const unknown = Buffer.from(ZEROS);
    unknown.write("somebody's data", 4096);
    expect(boot(unknown)).toEqual([1, [], says(2)]);
    fs.writeFileSync(path.join(folder, "blkid"), "#!/bin/sh\nexit 8\n", { mode: 0o755 });
    expect(boot(ZEROS)).toEqual([1, [], says(8)]);
  });
});

test("a server whose data disk is not mounted is told so, with what to do; one that has another disk there keeps it", () => {
  const disk = { label: DATA_LABEL, place: path.join(folder, "nothing"), size: 10 };
  const ran = run(growScript(disk));
  expect([ran.status, ran.stdout]).toEqual([
    1,
    `the data disk, called ${DATA_LABEL}, is not mounted at ${disk.place} after 120s; nothing is put on the root disk in its place
  where the data was on it already, stop and start the instance at AWS, which mounts it, and pulumi up again;
  or another server in its place: recoloca:ec2.generation one higher, and pulumi up
`,
  ]);
  expect(run(growScript({ ...disk, place: "/proc" }, path.join(folder, "no-disk")))).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("nothing to grow") as string,
  });
});

test.each([["t4g.small", "arm64"], ["t3.small", "x86_64"]])("of the instance type %s the architecture is %s", (type, architecture) => {
  expect(architectureOf(type)).toBe(architecture);
}); // prettier-ignore

test.each(["t2.small", "m4.large"])("%s, whose disks are not NVMe, would never find it, and is refused", (type) => {
  expect(() => architectureOf(type)).toThrow(
    `instance type ${type} has no disks by NVMe, by which the data disk is found; one of AWS's Nitro types has: pulumi config set --path recoloca:ec2.instanceType t3.small`,
  );
});
