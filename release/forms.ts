/** Forms of words and numbers that several parts of the plan have. */
import * as z from "zod";

export const serviceName = z.string().regex(/^[a-zA-Z0-9._-]+$/, "a service of the Compose file");
export const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "a variable's name");
export const seconds = z.number().min(0).max(86400);

/** An image by digest: `registry/name@sha256:<64 hex>`. A tag may stand before the `@`; it names, it never decides. */
export const imageByDigest = z.string().regex(/^[^\s@]+@sha256:[0-9a-f]{64}$/, "an image by digest: registry/name@sha256:<64 hex digits>");
