/** How an image is named in a stack's configuration. */
import * as z from "zod";

export const imageForm = z
  .string()
  .regex(
    /^[^\s@]+(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$/,
    "wants an image by digest or by tag: registry/name@sha256:<64 hex digits>, registry/name:tag",
  );
