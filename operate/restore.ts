/** The words of `recoloca restore` and `recoloca drill` from the variables of `make restore` and `make drill`. */

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * @param command as a person calls it, for the errors: `make restore STACK=production`
 * @param variables `BACKUP`, `INTO` and `TAKE` of `make restore`; `IDENTITY` of both, whose key is read elsewhere
 * @throws with everything that is wrong at once
 */
export function wordsOf(words: readonly string[], command: string, variables: Variables): readonly string[] {
  const [name] = words;
  if (name !== "restore" && name !== "drill") return words;
  const key = variables["IDENTITY"] ? ["--identity", "-"] : [];
  if (name === "drill") return [...words, ...key];
  const { BACKUP, INTO, TAKE } = variables as Partial<Record<string, string>>;
  const wrong = [
    ...(BACKUP ? [] : [`BACKUP is missing: which one; ${command.replace("restore", "backups")} lists them`]),
    ...(BACKUP && !/^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(BACKUP)
      ? [`BACKUP got "${BACKUP}", wants NAME or TIME/NAME, as ${command.replace("restore", "backups")} lists them`]
      : []),
    ...(TAKE && TAKE !== "1" ? [`TAKE got "${TAKE}", wants 1`] : []),
    ...(INTO && TAKE ? ["INTO and TAKE do not go together: beside what is there, or in its place"] : []),
    ...(INTO || TAKE
      ? []
      : ["INTO is missing: the name of a new database or volume, beside what is there; TAKE=1 puts the backup in its place, with visitors shut out"]),
  ];
  if (wrong.length > 0) throw new Error(`${wrong.join("\n  ")}\n  ${command} BACKUP=NAME INTO=copy`);
  return [name, BACKUP!, ...(INTO ? ["--into", INTO] : ["--take"]), ...key];
}
