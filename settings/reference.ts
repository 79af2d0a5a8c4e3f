/** The reference of all keys, generated: `npm run docs` writes it, a test says that it is fresh. */
import { KEYS, type Key } from "./schema.ts";

export function reference(): string {
  const rows = (Object.entries(KEYS) as [string, Key][]).map(([name, key]) => {
    const kind = [key.required && "required", key.secret && "secret"].filter(Boolean).join(", ");
    const fallback = key.default === undefined ? "" : `\`${key.default}\``;
    return `| \`${name}\` | ${kind} | ${fallback} | ${key.what} |`;
  });
  return `<!-- generated from settings/schema.ts by "npm run docs"; edit that file -->

# Configuration of a stack

All keys are in the namespace \`recoloca\`: \`pulumi config set recoloca:KEY VALUE\`, inside a structure with
\`--path 'recoloca:routes[0].port'\`, secrets with \`--secret\`. Durations are written \`30s\`, \`5m\`, \`1h30m\`.

| key | | default | what it is |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}
