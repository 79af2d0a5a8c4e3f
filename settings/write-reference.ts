import * as fs from "node:fs";
import * as path from "node:path";
import { reference } from "./reference.ts";

fs.writeFileSync(path.join(import.meta.dirname, "..", "docs", "configuration.md"), reference());
