/** Lint, tests and build check of the application: the same jobs before a merge and on main. */
import { expression, type Job, type Permissions, type Step } from "../model.ts";
import type { Part, WorkflowOptions } from "../options.ts";
import { cacheOf, PACKAGES } from "./images.ts";
import { RUNNER } from "./runners.ts";
import { at, checkout, keep, node, npmCi, python } from "../steps.ts";

const READ: Permissions = { contents: ["read", "check out"] };

/** Parts of the repository that a pull request may leave alone. */
export type Area = "backend" | "frontend" | "e2e" | "program" | "files";
export interface Checks {
  readonly jobs: Readonly<Record<string, Job>>;
  /** Which area each job is of. */
  readonly areas: Readonly<Record<string, Area>>;
}

/**
 * `pathAware`: behind the job `changes`, and skipped where it says that nothing of the area changed. `tagged`: whether a release tag starts the check of
 * the program, which then takes no packages that another run has kept.
 */
export function checks(options: WorkflowOptions, { pathAware, tagged = false }: { pathAware: boolean; tagged?: boolean }): Checks {
  const { backend, frontend, e2e } = options.application;
  const job = (area: Area, name: string, minutes: number, steps: readonly Step[], more: Partial<Job> = {}): [Area, Job] => [
    area,
    {
      name,
      ...(pathAware && { needs: ["changes"], if: `needs.changes.outputs.${area} == 'true'` }),
      "runs-on": RUNNER,
      "timeout-minutes": minutes,
      permissions: READ,
      steps,
      ...more,
    },
  ];
  const all: Record<string, [Area, Job]> = {
    "lint-backend": job("backend", "Lint backend", 10, [
      checkout(),
      ...python(backend.folder),
      lint("Lint", backend.folder, "ruff check --output-format=github ."),
      lint("Format", backend.folder, "ruff format --check ."),
      lint("Types", backend.folder, "mypy ."),
    ]),
    "lint-frontend": job("frontend", "Lint frontend", 10, [
      checkout(),
      node(frontend.folder, { cached: true }),
      npmCi(frontend.folder),
      lint("Lint", frontend.folder, "npm run lint"),
      lint("Format", frontend.folder, "npm run format:check"),
      lint("Types", frontend.folder, "npm run type-check"),
    ]),
    "lint-e2e": job("e2e", "Lint end-to-end tests", 10, [
      checkout(),
      node(e2e, { cached: true }),
      npmCi(e2e),
      lint("Lint", e2e, "npm run lint"),
      lint("Format", e2e, "npm run format:check"),
      lint("Types", e2e, "npm run type-check"),
    ]),
    "lint-files": job("files", "Lint shell scripts and Dockerfiles", 10, [
      checkout(),
      { name: "Shell scripts", run: "git ls-files -z -- '*.sh' | xargs --null --no-run-if-empty shellcheck" },
      ...[backend, frontend].map((part): Step => ({
        name: `Dockerfile of ${part.folder}`,
        if: "!cancelled()",
        uses: "hadolint/hadolint-action",
        with: { dockerfile: `${part.folder}/Dockerfile`, "failure-threshold": "warning" },
      })),
    ]),
    "test-backend": job(
      "backend",
      "Test backend",
      15,
      [
        checkout(),
        ...python(backend.folder),
        {
          name: "Unit tests",
          ...at(backend.folder),
          run: "python -m pytest tests/unit --cov --cov-report=xml --cov-report=term --junitxml=junit.xml",
        },
        {
          name: "Tell the coverage",
          id: "coverage",
          if: "!cancelled()",
          ...at(backend.folder),
          run: `
python -m coverage report --format=markdown >> "$GITHUB_STEP_SUMMARY"
echo "percent=$(python -m coverage report --format=total)" >> "$GITHUB_OUTPUT"`,
        },
        keep("coverage-backend", `${backend.folder}/coverage.xml`, 7),
        keep("results-backend", `${backend.folder}/junit.xml`, 7),
      ],
      { outputs: { coverage: expression("steps.coverage.outputs.percent") } },
    ),
    "test-frontend": job(
      "frontend",
      "Test frontend",
      15,
      [
        checkout(),
        node(frontend.folder, { cached: true }),
        npmCi(frontend.folder),
        { name: "Unit tests", ...at(frontend.folder), run: "npm run test:ci" },
        {
          name: "Tell the coverage",
          id: "coverage",
          if: "!cancelled()",
          ...at(frontend.folder),
          run: `
percent="$(jq '.total.lines.pct' coverage/coverage-summary.json)"
echo "Lines covered: $percent %" >> "$GITHUB_STEP_SUMMARY"
echo "percent=$percent" >> "$GITHUB_OUTPUT"`,
        },
        keep("coverage-frontend", `${frontend.folder}/coverage/lcov.info`, 7),
      ],
      { outputs: { coverage: expression("steps.coverage.outputs.percent") } },
    ),
    integration: job("backend", "Integration tests", 20, integration(options), {
      why: "The database and the queue are the ones of the Compose file, so their versions are those of production.",
    }),
    // On main the images are built to be shipped.
    ...(pathAware && {
      "build-backend": job("backend", "Build backend", 20, buildOnly(backend)),
      "build-frontend": job("frontend", "Build frontend", 20, buildOnly(frontend)),
    }),
    program: job("program", "Check the infrastructure program", 15, [
      checkout(),
      node(options.programPath, { cached: !tagged }),
      npmCi(options.programPath),
      { name: "Lint", ...at(options.programPath), run: "npm run lint" },
      { name: "Types", if: "!cancelled()", ...at(options.programPath), run: "npm run types" },
      {
        name: "The workflow files are what the stack's file says",
        why: "But for the versions that are pinned: what raises those is a pull request that has no files, which the next `pulumi up` writes.",
        if: "!cancelled()",
        ...at(options.programPath),
        env: { CHECK: "but-pins", ...(options.backend.kind === "cloud" && { ORGANIZATION: options.backend.organization }) },
        run: "npm run workflow-files",
      },
      ...(options.programTests ? [{ name: "Unit tests", if: "!cancelled()", ...at(options.programPath), run: "npm run unit" }] : []),
      {
        name: `Workflows: actionlint, zizmor, shellcheck${options.programTests ? ", every event" : ""}`,
        if: "!cancelled()",
        ...at(options.programPath),
        run: `npm run workflows${options.programTests ? "" : " -- checkers"}`,
      },
    ]),
  };
  return {
    jobs: Object.fromEntries(Object.entries(all).map(([id, [, one]]) => [id, one])),
    areas: Object.fromEntries(Object.entries(all).map(([id, [area]]) => [id, area])),
  };
}

/** One that fails does not hide the next. */
const lint = (name: string, folder: string, run: string): Step => ({ name, if: "!cancelled()", ...at(folder), run });

function integration({ application }: WorkflowOptions): Step[] {
  const { backend, composeFile, needs, testEnvironment } = application;
  const services = Object.keys(needs).join(" ");
  const ports = Object.entries(needs).map(([service, port]) => `  ${service}: { ports: ["127.0.0.1:${port}:${port}"] }`);
  const folder = at(backend.folder);
  return [
    checkout(),
    ...python(backend.folder),
    {
      name: "Start what the tests need",
      env: { ...testEnvironment },
      run: `
cat > "$RUNNER_TEMP/ports.yaml" <<'PORTS'
services:
${ports.join("\n")}
PORTS
docker compose --file ${composeFile} --file "$RUNNER_TEMP/ports.yaml" up --detach --wait --wait-timeout 120 ${services}`,
    },
    {
      name: "Migrations: from nothing to the newest, one head, back and forth, no model without one",
      env: { ...testEnvironment },
      ...folder,
      run: `
alembic upgrade head
[ "$(alembic heads | wc -l)" -eq 1 ] || { echo "::error::there are two heads: alembic merge heads"; exit 1; }
alembic downgrade -1
alembic upgrade head
alembic check`,
    },
    { name: "Integration tests", env: { ...testEnvironment }, ...folder, run: "python -m pytest tests/integration --junitxml=junit-integration.xml" },
    keep("results-integration", `${backend.folder}/junit-integration.xml`, 7),
    {
      name: "What the services printed",
      if: "failure()",
      env: { ...testEnvironment },
      run: `docker compose --file ${composeFile} logs --tail 100 ${services}`,
    },
  ];
}

const buildOnly = (part: Part): Step[] => [
  checkout(),
  { name: "Set up Buildx", uses: "docker/setup-buildx-action" },
  PACKAGES.week,
  {
    name: "Build, and push nothing",
    uses: "docker/build-push-action",
    with: { context: part.folder, platforms: "linux/amd64", push: false, ...PACKAGES.buildArgs, "cache-from": cacheOf(part, "amd64") },
  },
];
