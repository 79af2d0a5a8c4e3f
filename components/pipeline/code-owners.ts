/** Who has to approve changes of what runs with the repository's rights, or a stack's. Pure. */

/** Of this program where it is the root, all that a run or an operator executes: what installs it and checks it as well. */
const FOLDERS = ["benchmark", "components", "local", "metrics", "operate", "release", "review", "secrets", "server", "settings", "test", "tools", "workflows"];
const FILES = ["*.ts", "*.mts", "*.mjs", "Makefile", "Pulumi*.yaml", "package*.json", "tsconfig.json", ".ci/"];

/** `programPath`: folder of this program, `.` where it is the root. Undefined where nobody is named. */
export function codeOwnersFile(owners: readonly string[], programPath: string): { readonly path: string; readonly text: string } | undefined {
  if (owners.length === 0) return undefined;
  const who = owners.join(" ");
  const program = programPath === "." ? [...FILES.map((name) => `/${name}`), ...FOLDERS.map((name) => `/${name}/`)] : [`/${programPath}/`];
  const lines = ["/.github/", ...program].map((path) => `${path} ${who}`);
  return {
    path: ".github/CODEOWNERS",
    text: `# Written by the stack that owns the repository, from recoloca:github.codeOwners; change it there.\n${lines.join("\n")}\n`,
  };
}
