/** One of the 152 defects of the first pipeline, and what keeps it from coming back. Numbered as the review of that pipeline numbers them. */
import { parse } from "yaml";
import { readPins } from "../../../workflows/pins.ts";
import { workflowFiles } from "../../../workflows/index.ts";
import { BY_TAG } from "../options.ts";

interface Common {
  readonly numbers: readonly number[];
  /** What was wrong. */
  readonly was: string;
}
export type Defect = Common &
  (
    | { /** Fails where it is back. */ readonly check: (made: Made) => void }
    | { /** Another test that fails where it is back: its file below test/, and a part of its name. */ readonly by: readonly [file: string, name: string] }
    | { /** Why it cannot be here. */ readonly cannot: string }
    | { /** What is not answered yet, honestly. */ readonly open: string }
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

/** What is generated, read as GitHub reads it. */
export class Made {
  readonly files = workflowFiles(BY_TAG);
  readonly text = this.files.map(({ text }) => text).join("\n");
  readonly workflows: readonly Workflow[] = this.files
    .filter(({ path }) => path.includes("/workflows/"))
    .map(({ path, text }) => ({ ...(parse(text) as Workflow), file: path.split("/").at(-1)! }));
  readonly jobs: readonly Job[] = this.workflows.flatMap(({ file, jobs }) => Object.entries(jobs).map(([id, job]) => ({ ...job, id, file })));
  readonly steps: readonly Step[] = this.jobs.flatMap(({ steps }) => steps);
  readonly scripts: readonly string[] = this.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
  readonly pins = readPins();

  of(file: string): string {
    return this.files.find(({ path }) => path.endsWith(`/${file}`))!.text;
  }
  job(file: string, id: string): Job {
    const found = this.jobs.find((job) => job.file === file && job.id === id);
    if (!found) throw new Error(`${file} has no job ${id}`);
    return found;
  }
  /** Steps that use an action. */
  using(action: string): readonly Step[] {
    return this.steps.filter(({ uses }) => uses?.startsWith(`${action}@`));
  }
}

/** Text of a job's scripts. */
export const scriptsOf = ({ steps }: Job): string => steps.map(({ run }) => run ?? "").join("\n");
