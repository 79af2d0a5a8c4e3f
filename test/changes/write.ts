import * as fs from "node:fs";
import * as path from "node:path";
import { page } from "./page.ts";

fs.writeFileSync(path.join(import.meta.dirname, "..", "..", "docs", "changing-settings.md"), page());
