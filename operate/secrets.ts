/** `make secrets`: every secret of a stack, how old it is and when it is due. Never a value. */
import type { Raw } from "../settings/check.ts";
import { tellSecrets, heldSecrets, type Told } from "../settings/held-secrets.ts";
import { checkWhole } from "../settings/whole.ts";
import { dayOf, isSecretName } from "../secrets/rotation.ts";

const HEAD: Readonly<Record<keyof Told, string>> = {
  name: "secret",
  generation: "gen.",
  age: "age",
  due: "due",
  renewed: "renewed",
  owner: "owner",
  class: "class",
  used: "used by",
};
const COLUMNS = Object.keys(HEAD) as (keyof Told)[];

export function secretsTable(told: readonly Told[]): string[] {
  const rows = [HEAD, ...told].map((one) => COLUMNS.map((column) => String(one[column])));
  const widths = COLUMNS.map((_, index) => Math.max(...rows.map((row) => row[index]!.length)));
  return rows.map((row) => ` ${row.map((cell, index) => cell.padEnd(widths[index]!)).join("  ")}`.trimEnd());
}

/** `folder`: the project's. Gives the exit code: 1 where one is due. */
export function tellStackSecrets(stack: string, raw: Raw, folder: string, print: (line: string) => void): number {
  const { values, compose } = checkWhole(raw, folder, stack);
  const held = heldSecrets(values, Object.keys(raw.values));
  const own = Object.keys(values.secrets ?? {}).filter((name) => !isSecretName(name.replace(/_PREVIOUS$/, "")));
  if (held.length + own.length === 0) {
    print(` stack ${stack} has no secrets`);
    return 0;
  }
  const told = tellSecrets(held, compose.text ?? "", dayOf(new Date()));
  if (told.length > 0) secretsTable(told).forEach(print);
  if (own.length > 0) {
    print(`\n of your own, which are never due: ${own.sort().join(", ")}`);
    print(` a new value: pulumi config set --path --secret recoloca:secrets.${own[0]!} --stack ${stack}; pulumi up --stack ${stack}`);
  }
  const late = told.filter(({ due }) => !due.startsWith("in "));
  if (late.length > 0) print(`\n due: ${late.map(({ name }) => name).join(", ")}   make rotate STACK=${stack} ALL=due`);
  return late.length > 0 ? 1 : 0;
}
