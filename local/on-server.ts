/** Runs one command on the local server: `tsx local/on-server.ts recoloca status`. */
import { onServer } from "./server.ts";
import { localSite } from "./site.ts";

void onServer(localSite, process.argv.slice(2).join(" ")).then(({ code, output }) => {
  process.stdout.write(output);
  process.exitCode = code;
});
