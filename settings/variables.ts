/** Values for the Compose file by the names of their variables: those that anyone may read, and those that nobody may. */
import * as z from "zod";

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "wants a variable's name: letters, digits, underscores");

/** A number or a word that YAML knows is what it is written as. */
const value = z.union([z.string(), z.number(), z.boolean()], "wants text, a number, true or false").transform(String);

export const variablesForm = z.record(name, value);
export const secretsForm = z.record(name, z.string());
