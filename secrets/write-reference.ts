import * as fs from "node:fs";
import * as path from "node:path";
import { secretsReference } from "./reference.ts";

fs.writeFileSync(path.join(import.meta.dirname, "..", "docs", "secrets.md"), secretsReference());
