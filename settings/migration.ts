/** How a migration is configured: for alembic the command is enough, any other tool names its own ways back. */
import * as z from "zod";
import { migrationSchema, type Migration } from "../release/plan.ts";

/** An empty revision is the state before the first one, which alembic calls `base`. */
const alembic = {
  downgrade: ["sh", "-c", 'exec alembic downgrade "${TO_REVISION:-base}"'],
  downgradeSql: ["sh", "-c", 'exec alembic downgrade "${FROM_REVISION:-base}:${TO_REVISION:-base}" --sql'],
};

export const migrationForm = (duration: z.ZodType<number, string>) =>
  migrationSchema.extend({ timeout: duration.prefault("5m") }).transform((given): Migration => {
    const [program] = given.command;
    return program === "alembic" ? { revision: ["alembic", "current"], ...alembic, ...given } : given;
  });
