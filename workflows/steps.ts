/** Steps that many jobs begin or end with. */
import { expression, type RunStep, type Step, type UsesStep } from "./model.ts";
import { VERSIONS } from "./pins.ts";

/** Where this run is read. */
export const RUN_URL = `${expression("github.server_url")}/${expression("github.repository")}/actions/runs/${expression("github.run_id")}`;

/** `ref`: another commit than the event's; `history`: with all that came before it. */
export const checkout = ({ ref, history = false }: { ref?: string; history?: boolean } = {}): UsesStep => ({
  name: "Check out",
  uses: "actions/checkout",
  with: { ...(ref !== undefined && { ref }), ...(history && { "fetch-depth": 0 }), "persist-credentials": false },
});

/** `cached`: packages are kept between runs. Never in a job that deploys or publishes: another run could have put something there. */
export const node = (folder: string, { cached }: { cached: boolean }): UsesStep => ({
  name: "Set up Node",
  uses: "actions/setup-node",
  with: {
    "node-version": VERSIONS.node,
    "package-manager-cache": false,
    ...(cached && { cache: "npm", "cache-dependency-path": inside(folder, "package-lock.json") }),
  },
});

/** No package's own scripts run. */
export const npmCi = (folder: string): RunStep => ({ name: "Install packages", ...at(folder), run: "npm ci --ignore-scripts --no-audit --no-fund" });

/** With its requirements, tests' and tools' too. */
export const python = (folder: string): Step[] => [
  {
    name: "Set up Python",
    uses: "actions/setup-python",
    with: { "python-version": VERSIONS.python, cache: "pip", "cache-dependency-path": `${folder}/requirements*.txt` },
  },
  { name: "Install packages", ...at(folder), run: "python -m pip install --requirement requirements.txt --requirement requirements-dev.txt" },
];

export const at = (folder: string): { "working-directory"?: string } => (folder === "." ? {} : { "working-directory": folder });
export const inside = (folder: string, file: string): string => (folder === "." ? file : `${folder}/${file}`);

/** Kept for days, then gone; also of a run that failed, whose findings are wanted most. */
export const keep = (name: string, path: string, days: number): UsesStep => ({
  name: `Keep ${name}`,
  if: "!cancelled()",
  uses: "actions/upload-artifact",
  with: { name, path, "retention-days": days, "if-no-files-found": "ignore" },
});
