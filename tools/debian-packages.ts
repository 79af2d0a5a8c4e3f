/** What a machine lacks of the distribution's own packages. As root, which is who runs this. */
import { spawn } from "node:child_process";

const ran = (program: string, args: readonly string[], env = process.env): Promise<{ code: number; said: string }> =>
  new Promise((done) => {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.on("error", (error) => done({ code: 127, said: error.message }));
    child.on("close", (code) => done({ code: code ?? 1, said }));
  });

/** `wanted`: for each package a command line that succeeds where it is there. Throws with what apt-get says. */
export async function ensureDebianPackages(wanted: Readonly<Record<string, string>>): Promise<void> {
  const missing = (await Promise.all(Object.entries(wanted).map(async ([name, there]) => ((await ran("sh", ["-c", there])).code === 0 ? [] : [name])))).flat();
  if (missing.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...missing]]) {
    const { code, said } = await ran("apt-get", ["-qq", ...args], env);
    if (code !== 0) throw new Error(`apt-get ${args.join(" ")} failed:\n${said.trim()}`);
  }
}
