/** See cases.ts. */
import { chaos } from "./cases.ts";

chaos(1);
