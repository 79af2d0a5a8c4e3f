/** Whatever comes in whichever state of a deploy: cases.ts has what happens, matrix.ts when. */
import { chaos } from "./cases.ts";

chaos(0);
