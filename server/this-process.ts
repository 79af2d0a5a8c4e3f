/** What is worth knowing of the process itself: its systemd unit, and which start of the system it lives under. */
import * as fs from "node:fs";
import * as path from "node:path";

const read = (file: string) => {
  try {
    return fs.readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
};

/** `recoloca-deploy-1764018000-4711.service`, or undefined outside of any. */
export function ownUnit(): string | undefined {
  const unit = path.basename(read("/proc/self/cgroup").split("\n").at(-1)?.split("::")[1] ?? "");
  return unit.endsWith(".service") ? unit : undefined;
}

/** Another one after every restart of the system: the kernel's word for it, and when the first process started. */
export function ownBoot(): string {
  const started = read("/proc/1/stat").split(") ")[1]?.split(" ")[19] ?? "";
  return `${read("/proc/sys/kernel/random/boot_id")}.${started}`;
}

/** Which version of this program runs: its folder is called after its content. */
export const programVersion = (): string => path.basename(path.dirname(fs.realpathSync(process.argv[1]!)));
