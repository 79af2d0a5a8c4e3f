/** Who has to approve changes of what runs with the repository's rights. Pure. */

/** `programPath`: folder of this program, `.` where it is the root. Undefined where nobody is named. */
export function codeOwnersFile(owners: readonly string[], programPath: string): { readonly path: string; readonly text: string } | undefined {
  if (owners.length === 0) return undefined;
  const who = owners.join(" ");
  const program = programPath === "." ? ["/index.ts", "/components/", "/settings/", "/secrets/", "/workflows/", "/Pulumi*.yaml"] : [`/${programPath}/`];
  const lines = ["/.github/", ...program].map((path) => `${path} ${who}`);
  return {
    path: ".github/CODEOWNERS",
    text: `# Written by the stack that owns the repository, from recoloca:github.codeOwners; change it there.\n${lines.join("\n")}\n`,
  };
}
