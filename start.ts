/** What Pulumi starts: the program in `index.ts`, once the ground under it is prepared. */
import "./components/quick-start.ts";

// Not by a line of import: all that one names is compiled before the first line of any file runs.
const { default: outputs } = await import("./index.ts");

export default outputs;
