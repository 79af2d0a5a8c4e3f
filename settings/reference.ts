/** The reference of all keys, generated: `npm run docs` writes it, a test says that it is fresh. */
import { FIELD_WORDS } from "./field-words.ts";
import { fields, type Field } from "./fields.ts";
import { KEYS, type Key } from "./schema.ts";

const fieldRow = ({ path, form, fallback, required }: Field) =>
  `| \`${path}\` | ${required ? "required" : ""} | ${form} | ${fallback === undefined ? "" : `\`${fallback}\``} | ${FIELD_WORDS[path] ?? ""} |`;

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

## Inside the structures

\`routes[].port\` is the port of each route: \`pulumi config set --path 'recoloca:routes[0].port' 8000\`; \`NAME\` is any name. What is required is so where its structure is there. In the stack's file:

\`\`\`yaml
recoloca:routes:
  - { path: /api, service: backend, port: 8000 }
  - { path: /, service: frontend, port: 3000 }
recoloca:gates:
  - { name: api, path: /api/v1/health }
\`\`\`

| field | | form | default | what it is |
| --- | --- | --- | --- | --- |
${Object.values(fields()).flat().map(fieldRow).join("\n")}
`;
}
