/** The branch that workflow files come from, where a pull request brings them. */
export const BRANCH = "recoloca/workflows";
