/** The page that the rows make: what becomes of server, data and visitors when a setting changes. `npm run docs` writes it, a test says that it is fresh. */
import { settingsOf } from "./keys.ts";
import { NO_ROW, TABLE } from "./table.ts";
import type { Row } from "./row.ts";
import { forVisitors, whatHappens } from "./words.ts";

/** `a.b`, `.c`: the first one whole, others of its structure by their field. */
function names(row: Row): string {
  let before = "";
  return settingsOf(row)
    .map((one) => {
      const structure = one.includes(".") ? one.slice(0, one.indexOf(".")) : "";
      const short = structure !== "" && structure === before ? one.slice(one.indexOf(".")) : one;
      before = structure;
      return `\`${short}\``;
    })
    .join(", ");
}

const line = (row: Row) => `| ${names(row)} | ${row.change} | ${whatHappens(row)} | ${forVisitors(row)} | ${row.note ?? ""} |`;

export function page(): string {
  const sections = TABLE.map(
    ({ title, rows }) => `## ${title}

| setting | changed | \`pulumi up\` | visitors | |
| --- | --- | --- | --- | --- |
${rows.map(line).join("\n")}
`,
  );
  const rest = [...new Set(Object.values(NO_ROW))].map((why) => {
    const all = Object.keys(NO_ROW).filter((one) => NO_ROW[one] === why);
    return `| ${all.map((one) => `\`${one}\``).join(", ")} | ${why} |`;
  });
  return `<!-- generated from test/changes/ by "npm run docs"; edit the rows there -->

# What happens when a setting changes

To a stack with a server at AWS: each line was asked of Pulumi's engine, with doubles of AWS and GitHub, by [the test](../test/ssh/changed-settings.test.ts)
that this page is written from. \`pulumi preview\` says the same of your own stack before anything is done. All settings: [configuration.md](configuration.md).

**In none of them a data disk, the bucket of the backups, its key, the address, the host key or the key that opens the server is removed or replaced.** What would do that is refused: with
nothing changed, and the command that goes back. *In place*: the thing stays, and is changed. *Another*: one takes its place. *The release rolls*: it is started beside the old one,
asked by its gates, and switched to in one step; where it is not healthy the old one stays.

${sections.join("\n")}
## Not here

| setting | why |
| --- | --- |
${rest.join("\n")}
`;
}
