import * as fs from "node:fs";
import * as path from "node:path";
import { seedReview } from "./list.ts";

fs.writeFileSync(path.join(import.meta.dirname, "../../../docs/seed-review.md"), seedReview());
