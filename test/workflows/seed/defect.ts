/** One of the 152 defects of the first pipeline, and what keeps it from coming back. Numbered as the review of that pipeline numbers them. */
import { parse } from "yaml";
import { workflowFiles, type File } from "../../../workflows/index.ts";
import { BY_TAG } from "../options.ts";

interface Common {
  readonly numbers: readonly number[];
  /** What was wrong. */
  readonly was: string;
  /** Tests that fail where another part of it is back. */
  readonly also?: readonly Named[];
  /** What is to be said of a part that no test has. */
  readonly rest?: string;
}
/** A test: its file below test/, and a part of its name. */
export type Named = readonly [file: string, name: string];
export type Defect = Common &
  (
    | { /** Fails where it is back. */ readonly check: (made: Made) => void; /** What of it that does not answer. */ readonly open?: string }
    | { /** Another test that fails where it is back. */ readonly by: Named }
    | { /** Why it cannot be here. */ readonly cannot: string }
  );

export interface Step {
  readonly name: string;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
}
export interface Job {
  readonly id: string;
  readonly file: string;
  readonly name: string;
  readonly needs?: readonly string[];
  readonly if?: string;
  readonly "runs-on": string;
  readonly "timeout-minutes": number;
  readonly permissions: Readonly<Record<string, string>>;
  readonly environment?: { readonly name: string; readonly deployment?: boolean };
  readonly concurrency?: object;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly services?: object;
  readonly container?: object;
  readonly strategy?: object;
}
export interface Workflow {
  readonly file: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: object;
  readonly defaults: { readonly run: { readonly shell: string } };
  readonly concurrency?: object;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Workflow files, read as GitHub reads them. */
export class Made {
  readonly files: readonly File[];
  readonly text: string;
  readonly workflows: readonly Workflow[];
  readonly jobs: readonly Job[];
  readonly steps: readonly Step[];
  readonly scripts: readonly string[];

  constructor(files: readonly File[] = workflowFiles(BY_TAG)) {
    this.files = files;
    this.text = files.map(({ text }) => text).join("\n");
    this.workflows = files
      .filter(({ path }) => path.includes("/workflows/"))
      .map(({ path, text }) => ({ ...(parse(text) as Workflow), file: path.split("/").at(-1)! }));
    this.jobs = this.workflows.flatMap(({ file, jobs }) => Object.entries(jobs).map(([id, job]) => ({ ...job, id, file })));
    this.steps = this.jobs.flatMap(({ steps }) => steps);
    this.scripts = this.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
  }

  of(file: string): string {
    return this.files.find(({ path }) => path.endsWith(`/${file}`))!.text;
  }
  job(file: string, id: string): Job {
    const found = this.jobs.find((job) => job.file === file && job.id === id);
    if (!found) throw new Error(`${file} has no job ${id}`);
    return found;
  }
  /** Major version of each use of an action, by its tag or the comment beside its commit. */
  majors(action: string): number[] {
    return [...this.text.matchAll(new RegExp(`uses: ${action}@(?:[0-9a-f]{40} # )?v(\\d+)`, "g"))].map((match) => Number(match[1]));
  }
  /** Steps that use an action. */
  using(action: string): readonly Step[] {
    return this.steps.filter(({ uses }) => uses?.startsWith(`${action}@`));
  }
}

/** Text of a job's scripts. */
export const scriptsOf = ({ steps }: Job): string => steps.map(({ run }) => run ?? "").join("\n");
