/** Values for the Compose file by the names of their variables: those that anyone may read, and those that nobody may. */
import * as z from "zod";
import { VARIABLE_NAME } from "../release/forms.ts";

const name = z.string().regex(VARIABLE_NAME, "wants a variable's name: letters, digits, underscores");

/** A number or a word that YAML knows is what it is written as. */
export const variableValue = z.union([z.string(), z.number(), z.boolean()], "wants text, a number, true or false").transform(String);

export const variablesForm = z.record(name, variableValue);
export const secretsForm = z.record(name, z.string());
