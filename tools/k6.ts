/** k6, which the workflow of the load test calls: the newest that is a Go module. */
import { goProgram } from "./go-program.ts";

export const k6 = (log: (line: string) => void): Promise<string> =>
  goProgram({ name: "k6", version: "1.8.1", package: "go.k6.io/k6", takes: "some three minutes" }, log);
