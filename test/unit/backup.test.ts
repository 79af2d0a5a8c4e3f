/** What a stack may say of its backups, and what is made of it. */
import { expect, test } from "vitest";
import * as z from "zod";
import { olderClient } from "../../server/client-version.ts";
import { differences, readCounts } from "../../server/table-counts.ts";
import { postgresVariables } from "../../server/database-url.ts";
import { backupForm } from "../../settings/backup.ts";
import { checkTogether, checkValues } from "../../settings/check.ts";
import { sayProblems } from "../../settings/problems.ts";

const good = {
  hostAddress: "shop.example",
  hostKey: "ssh-ed25519 AAAA",
  sshPrivateKey: "KEY",
  secrets: '{"DATABASE_URL":"postgres://u:MARKER@h/d"}',
  routes: '[{"path":"/","service":"web","port":80}]',
  backup: '{"service":"db"}',
};
const compose = { path: "compose.yaml", text: "services: { web: { image: a }, db: { image: b } }\nvolumes: { uploads: {} }\n" };
const IMAGE = `postgres@sha256:${"a".repeat(64)}`;
const BUCKET = '{"name":"acme-backups","region":"eu-central-1"}';

function problems(change: Record<string, string | undefined>): string {
  const values = Object.fromEntries(Object.entries({ ...good, ...change }).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const checked = checkValues({ values, encrypted: new Set(["sshPrivateKey", "secrets", "backupBucketKeys"]) });
  const all = [...checked.problems, ...checkTogether(checked.values, compose, { secrets: Object.keys(checked.values.secrets ?? {}), registry: [] })];
  return all.length === 0 ? "" : sayProblems("staging", all);
}

test.each([
  ["a bucket that the server's role opens", { backupBucket: BUCKET }],
  ["a database by its URL", { backup: `{"url":"DATABASE_URL","image":"${IMAGE}"}` }],
  [
    "volumes, times and a recipient",
    { backup: `{"service":"db","volumes":["uploads"],"every":"Sun *-*-* 03:15:00","drill":"weekly","recipient":"age1${"q".repeat(58)}"}` },
  ],
])("%s is no problem", (_what, change) => expect(problems(change)).toBe(""));

test.each([
  ["a bucket's name that is none", { backupBucket: '{"name":"Acme","region":"r"}' }, "recoloca:backupBucket.name", "3 to 63 lower-case letters"],
  ["a misspelt field", { backupBucket: '{"nmae":"acme","region":"r"}' }, "recoloca:backupBucket.nmae", 'did you mean "name"?'],
  [
    "an endpoint without its scheme",
    { backupBucket: '{"name":"acme","region":"r","endpoint":"s3.example.com"}' },
    "backupBucket.endpoint",
    "https://s3.example.com",
  ],
  ["a prefix with slashes around it", { backupBucket: '{"name":"acme","region":"r","prefix":"/a/"}' }, "backupBucket.prefix", "without a slash at either end"],
  [
    "keys without a bucket",
    { backupBucketKeys: '{"accessKeyId":"a","secretAccessKey":"MARKER"}' },
    "recoloca:backupBucket ",
    "pulumi config set --path 'recoloca:backupBucket.name' BUCKET",
  ],
  [
    "another store without keys",
    { backupBucket: '{"name":"acme","region":"r","endpoint":"https://s3.example.com"}' },
    "recoloca:backupBucketKeys ",
    "'recoloca:backupBucketKeys.secretAccessKey'",
  ],
  ["a bucket and nothing to put there", { backup: undefined, backupBucket: BUCKET }, "recoloca:backup ", "a bucket is set, and nothing is backed up"],
  ["a private key as recipient", { backup: '{"service":"db","recipient":"AGE-SECRET-KEY-1"}' }, "recoloca:backup.recipient", "age's public key"],
  ["a duration as a time", { backup: '{"service":"db","every":"6 hours!"}' }, "recoloca:backup.every", "a calendar expression of systemd"],
  ["a volume that is not there", { backup: '{"service":"db","volumes":["upload"]}' }, "recoloca:backup.volumes[0]", 'did you mean "uploads"?'],
  [
    "a URL in place of its secret's name",
    { backup: `{"url":"postgres://u:MARKER@h/d","image":"${IMAGE}"}` },
    "recoloca:backup.url",
    "wants the name of the secret that holds the database's URL",
  ],
  ["a secret that nobody sets", { backup: `{"url":"OTHER_URL","image":"${IMAGE}"}` }, "recoloca:backup.url", "'recoloca:secrets.OTHER_URL'"],
  ["a URL without its client", { backup: '{"url":"DATABASE_URL"}' }, "recoloca:backup.image", "Postgres's client"],
  [
    "a drill of one's own commands without a count",
    { backup: '{"service":"db","command":["a"],"verify":["b"],"drill":"weekly"}' },
    "recoloca:backup.count",
    "a drill restores, counts and drops",
  ],
])("%s is said", (_what, change, key, says) => {
  const said = problems(change);
  expect(said).toContain(key);
  expect(said).toContain(says);
  expect(said).not.toContain("MARKER");
});

test("keys that anyone may read are a problem, and are not repeated", () => {
  const { problems: found } = checkValues({ values: { ...good, backupBucketKeys: '{"accessKeyId":"a","secretAccessKey":"MARKER"}' }, encrypted: new Set() });
  expect(found.map((problem) => problem.key)).toContain("backupBucketKeys");
  expect(JSON.stringify(found)).not.toContain("MARKER");
});

test("for Postgres all commands are there, and no password stands in one", () => {
  const backup = backupForm(z.string().transform(() => 60)).parse({ service: "postgres" });
  for (const name of ["command", "verify", "restore", "take", "count", "drop"] as const) expect(backup[name]).toHaveLength(3);
  expect(backup.command[2]).toMatch(/--snapshot="\$SNAPSHOT"/);
});

test("a URL becomes libpq's variables, decoded", () => {
  expect(postgresVariables("postgresql+psycopg://an%40a:p%2Fw@db.example:6543/shop?sslmode=require", "URL")).toEqual({
    PGHOST: "db.example",
    PGPORT: "6543",
    PGUSER: "an@a",
    PGPASSWORD: "p/w",
    PGDATABASE: "shop",
    PGSSLMODE: "require",
  });
});

test.each([
  ["mysql://u:MARKER@h/d", "it begins with mysql://"],
  ["MARKER", "it is not a URL"],
  ["postgres://u:MARKER@h", "DATABASE is missing"],
  ["postgres://u:MARKER@h/d?pool=5", "has ?pool=, which is not carried"],
])("what is wrong with %s is said without it", (url, says) => {
  expect(() => postgresVariables(url, "DATABASE_URL")).toThrow(says);
  expect(() => postgresVariables(url, "DATABASE_URL")).not.toThrow("MARKER");
});

test("counts: tables apart from the whole, and what differs between two", () => {
  expect(readCounts('["public.a", 3]\n["*", 900]\n')).toEqual({ tables: { "public.a": 3 }, bytes: 900 });
  expect(readCounts("\n")).toBeUndefined();
  expect(differences({ a: 3, b: 1, c: 0 }, { a: 3, c: 2, d: 1 })).toEqual(["b is not there, of 1", "c has 2 rows, of 0", "d has 1 rows, and was not there"]);
});

test("a client that is older than its server is told with both versions; of one in the Compose file it is not ours to say", () => {
  const said =
    "pg_dump: error: aborting because of server version mismatch\npg_dump: detail: server version: 18.1 (Debian 18.1-1); pg_dump version: 17.12 (Debian 17.12-0+deb13u1)\n";
  const backup = backupForm(z.string().transform(() => 60)).parse({ url: "DATABASE_URL", image: IMAGE });
  expect(olderClient(said, backup)).toMatchObject({
    message: "BACKUP FAILED: the database is Postgres 18.1, and the client in recoloca:backup.image is 17.12, which cannot dump a newer one",
    evidence: [["to mend it", "an image of Postgres 18, by digest: pulumi config set --path recoloca:backup.image postgres@sha256:…"]],
  });
  expect(olderClient("pg_dump: error: connection refused", backup)).toBeUndefined();
  const { database: _database, ...inFile } = backup;
  expect(olderClient(said, inFile)).toBeUndefined();
});
