/** The reference's fields: each has words, and each of the words has a field. */
import { expect, test } from "vitest";
import { FIELD_WORDS } from "../../settings/field-words.ts";
import { fields } from "../../settings/fields.ts";

test("each field of a structure says what it is, and nothing is said of one that is not there", () => {
  const all = Object.values(fields())
    .flat()
    .map(({ path }) => path);
  expect(Object.keys(FIELD_WORDS).sort()).toEqual([...all].sort());
});

test("form, default and need are those that the check takes", () => {
  const [service, status] = [
    fields()["routes"]!.find(({ path }) => path === "routes[].service"),
    fields()["gates"]!.find(({ path }) => path === "gates[].status"),
  ];
  expect(service).toEqual({ path: "routes[].service", form: "text", fallback: undefined, required: true });
  expect(status).toEqual({ path: "gates[].status", form: "100 to 599", fallback: "200", required: false });
});
