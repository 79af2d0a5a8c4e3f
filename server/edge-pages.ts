/** The pages that visitors get in place of an application: what HAProxy answers with, each in a file of its own. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { writeWhole } from "./store.ts";

const FOLDER = "/etc/haproxy/recoloca";
/** Of a stack that is down. */
export const UNAVAILABLE_PAGE = `${FOLDER}/unavailable.html`;

/** A stack, and its own page for while it is closed. */
export interface Closed {
  readonly stack: string;
  /** HTML. @default a plain one */
  readonly page?: string | undefined;
}

/** Named by its content, because HAProxy reads it only when it starts. */
export const pageFile = ({ stack, page }: Closed): string =>
  `${FOLDER}/maintenance${page === undefined ? "" : `.${stack}.${createHash("sha256").update(page).digest("hex").slice(0, 8)}`}.html`;
const STACKS_OWN = /^maintenance\..+\.[0-9a-f]{8}\.html$/;

/** Those that HAProxy reads when it starts; one that a person has changed stays as he wants it. */
export function writePages(stacks: readonly Closed[]): void {
  fs.mkdirSync(FOLDER, { recursive: true, mode: 0o755 });
  const pages = new Map([[UNAVAILABLE_PAGE, UNAVAILABLE_HTML], ...stacks.map((stack): [string, string] => [pageFile(stack), stack.page ?? MAINTENANCE_HTML])]);
  for (const [file, text] of pages) if (!fs.existsSync(file)) writeWhole(file, text, 0o644);
}

/** Pages of before, and of stacks that are gone. To be called once HAProxy runs with those of now. */
export function removeOldPages(stacks: readonly Closed[]): void {
  const now = new Set(stacks.map(pageFile));
  for (const name of fs.readdirSync(FOLDER).filter((name) => STACKS_OWN.test(name)))
    if (!now.has(`${FOLDER}/${name}`)) fs.rmSync(`${FOLDER}/${name}`, { force: true });
}

const page = (title: string, text: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif }
  body { display: grid; place-content: center; min-height: 90vh; margin: 0 1.5rem; text-align: center }
  h1 { font-size: 1.6rem; margin: 0 }
  p { opacity: .75 }
</style>
<h1>${title}</h1>
<p>${text}</p>
</html>
`;

const UNAVAILABLE_HTML = page("Back in a moment", "This application is not available right now. Please try again shortly.");
const MAINTENANCE_HTML = page("We are improving something", "This application is closed for a short while, and will be back by itself. Nothing is lost.");
