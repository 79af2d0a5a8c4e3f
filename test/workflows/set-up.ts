/** What the workflows' checkers and scripts are run with, where this machine lacks it. GitHub's runners have all of it. */
import { ensureDebianPackages } from "../../tools/debian-packages.ts";

export default () =>
  ensureDebianPackages({ git: "command -v git", jq: "command -v jq", python3: "command -v python3", "python3-venv": "python3 -c 'import ensurepip'" });
