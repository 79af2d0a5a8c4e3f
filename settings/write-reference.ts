import * as fs from "node:fs";
import * as path from "node:path";
import { reference } from "./reference";

fs.writeFileSync(path.join(__dirname, "..", "docs", "configuration.md"), reference());
