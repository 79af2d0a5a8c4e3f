/** `npm run docs`: what the tests know of the workflows, as people read it. */
import * as fs from "node:fs";
import * as path from "node:path";
import { withArithmetic } from "../arithmetic.ts";
import { seedReview } from "./list.ts";

const docs = path.join(import.meta.dirname, "../../../docs");
const page = path.join(docs, "workflows.md");

fs.writeFileSync(path.join(docs, "seed-review.md"), seedReview());
fs.writeFileSync(page, withArithmetic(fs.readFileSync(page, "utf8")));
