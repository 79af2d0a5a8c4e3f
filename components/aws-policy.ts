/** A policy document of AWS, of these statements. */
export const policy = (...statements: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
