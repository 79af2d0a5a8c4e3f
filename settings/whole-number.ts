/** A whole number where Pulumi gives text: a key that holds no structure. Nothing at all is not zero. */
import * as z from "zod";

/** `such as`: one that would be right. */
export function wholeNumber(least: number, most: number | undefined, suchAs: number) {
  const wants = `wants a whole number${most === undefined ? `, ${least} or more` : ` from ${least} to ${most}`}: ${suchAs}`;
  return z
    .string(wants)
    .regex(/^\d{1,9}$/, wants)
    .transform(Number)
    .refine((number) => number >= least && number <= (most ?? number), wants);
}
