/** Forms of words and numbers that several parts of the plan have. */
import * as z from "zod";

export const serviceName = z.string().regex(/^[a-zA-Z0-9._-]+$/, "a service of the Compose file");
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const variableName = z.string().regex(VARIABLE_NAME, "a variable's name");
export const seconds = z.number().min(0).max(86400);

/** An image by digest: `registry/name@sha256:<64 hex>`. A tag may stand before the `@`; it names, it never decides. */
export const imageByDigest = z.string().regex(/^[^\s@]+@sha256:[0-9a-f]{64}$/, "an image by digest: registry/name@sha256:<64 hex digits>");

const LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const labels = (more: "*" | "+") => `^(?=.{1,253}$)${LABEL}(\\.${LABEL})${more}$`;
/** Labels of letters, digits and dashes with single dots between them, or an address. */
export const HOST_NAME = new RegExp(labels("*"), "i");
/** What a certificate can be for, and what is safe as a file's name. */
export const CERTIFIABLE = new RegExp(labels("+"));
