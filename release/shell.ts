/** The only place that quotes for a shell. */
export const quote = (word: string) => (/^[A-Za-z0-9._/:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

export const commandLine = (...words: string[]) => words.map(quote).join(" ");
