/** Mistakes that are one only beside other values, each right by itself: one of every complaint of that kind. */
import { pair, type Config } from "./configurations.ts";

export interface TogetherMistake {
  readonly what: string;
  /** Stacks whose right configuration it can be planted in. */
  readonly in: readonly ("staging" | "production" | "demo")[];
  /** Keys that it rests on. No other mistake is planted there: what cannot be read is not judged. */
  readonly rests: readonly string[];
  readonly key: string;
  readonly says: RegExp;
  /** Beginning of the line that mends it; absent where nothing but thinking does. */
  readonly fix?: string;
  readonly plant: (config: Config) => void;
}

const ALL = ["staging", "production", "demo"] as const;
const AT_AWS = ["staging", "production"] as const;

/** Some fields of a structure take other values; undefined removes one. */
const change = (key: string, fields: Record<string, unknown>) => (config: Config) => {
  const all = Object.entries({ ...(config[key] as object), ...fields }).filter(([, value]) => value !== undefined);
  config[key] = Object.fromEntries(all);
};
const set = (key: string, value: unknown) => (config: Config) => {
  config[key] = value;
};
const remove =
  (...keys: string[]) =>
  (config: Config) => {
    for (const key of keys) Reflect.deleteProperty(config, key);
  };
const ROUTE = { path: "/x", service: "backend", port: 80 };
const other = pair("other.example.org");

export const TOGETHER: readonly TogetherMistake[] = [
  { what: "a registry without its user", in: ALL, rests: ["registryServer", "registryUsername", "registryPassword", "ec2"], key: "registryUsername", says: /is missing: registryServer and registryPassword are set/, fix: "pulumi config set recoloca:registryUsername", plant: remove("registryUsername") },
  { what: "a release without images", in: ["staging", "demo"], rests: ["images", "release"], key: "images", says: /is missing: a release's images and its name are set together/, fix: "pulumi config set --path 'recoloca:images.SERVICE'", plant: set("release", "1") },
  { what: "images without a release", in: ["production"], rests: ["images", "release"], key: "release", says: /is missing: a release's images/, fix: "pulumi config set recoloca:release", plant: remove("release") },
  { what: "an image of no service", in: ["production"], rests: ["images"], key: "images.backnd", says: /names a service that .* does not have; did you mean "backend"\?/, plant: change("images", { backnd: "a:1" }) },
  { what: "a route to nobody", in: ALL, rests: ["routes"], key: "routes[2].service", says: /got "frontnd", which .* does not have; did you mean "frontend"\?/, fix: "pulumi config set --path 'recoloca:routes[2].service'", plant: (config) => (config["routes"] as unknown[]).push({ ...ROUTE, service: "frontnd" }) },
  { what: "a gate where no route leads", in: ALL, rests: ["routes", "gates"], key: "gates[0].path", says: /got "\/nowhere", and no route leads there/, plant: (config) => { config["routes"] = [{ ...ROUTE, host: config["domain"] }]; config["gates"] = [{ name: "a", path: "/nowhere" }]; } },
  { what: "a migration in no service", in: ALL, rests: ["migration"], key: "migration.service", says: /got "api", which .* it is one of backend, frontend/, fix: "pulumi config set --path 'recoloca:migration.service'", plant: change("migration", { service: "api" }) },
  { what: "a backup of no service", in: ALL, rests: ["backup", "rotation"], key: "backup.service", says: /got "mysql", which/, fix: "pulumi config set --path 'recoloca:backup.service' SERVICE", plant: change("backup", { service: "mysql" }) },
  { what: "a backup of what is rolled", in: ["production"], rests: ["backup", "images"], key: "backup.service", says: /got "backend", which each deploy replaces/, plant: change("backup", { service: "backend" }) },
  { what: "a backup of no volume", in: ALL, rests: ["backup"], key: "backup.volumes[0]", says: /got "postgre", a volume which .* did you mean "postgres"\?/, plant: change("backup", { volumes: ["postgre"] }) },
  { what: "a database's URL that is no secret", in: ALL, rests: ["backup", "secrets"], key: "backup.url", says: /got "DB", which is not among the secrets/, fix: "pulumi config set --path --secret 'recoloca:secrets.DB'", plant: change("backup", { service: undefined, url: "DB", image: `postgres@sha256:${"a".repeat(64)}` }) },
  { what: "a bucket's keys and no bucket", in: ["demo"], rests: ["backupBucket", "backupBucketKeys", "backup"], key: "backupBucket", says: /is missing: keys are set/, fix: "pulumi config set --path 'recoloca:backupBucket.name'", plant: remove("backupBucket") },
  { what: "a bucket elsewhere and no keys", in: ["demo"], rests: ["backupBucket", "backupBucketKeys"], key: "backupBucketKeys", says: /is missing: https:\/\/s3.example.org is not AWS/, fix: "pulumi config set --path --secret", plant: remove("backupBucketKeys") },
  { what: "a bucket and no backup", in: ["demo"], rests: ["backupBucket", "backupBucketKeys", "backup", "migration"], key: "backup", says: /is missing: a bucket is set, and nothing is backed up/, fix: "pulumi config set --path 'recoloca:backup.service'", plant: (config) => { remove("backup")(config); change("migration", { breaking: undefined })(config); } },
  { what: "a bucket to make and no backup", in: AT_AWS, rests: ["createBackupBucket", "backup", "ec2", "migration"], key: "backup", says: /is missing: a bucket is made, and nothing is backed up/, fix: "pulumi config set --path 'recoloca:backup.service'", plant: remove("backup") },
  { what: "a breaking migration that cannot be put back", in: ["demo"], rests: ["migration", "backup"], key: "migration.breaking", says: /wants a backup that can be put back/, fix: "pulumi config set --path 'recoloca:backup.service'", plant: change("backup", { command: ["a"], verify: ["b"], drill: undefined }) },
  { what: "a breaking migration without revisions", in: ["demo"], rests: ["migration", "backup"], key: "migration.revision", says: /is missing: without it nobody knows afterwards/, fix: "pulumi config set --path 'recoloca:migration.revision[0]'", plant: change("migration", { command: ["rake", "db:migrate"] }) },
  { what: "a page that is not there", in: ALL, rests: ["maintenancePage"], key: "maintenancePage", says: /there is no file closed\.html/, fix: "pulumi config set recoloca:maintenancePage", plant: set("maintenancePage", "closed.html") },
  { what: "a Compose file that is not there", in: ALL, rests: ["composeFile", "backup", "routes", "images", "migration", "recreate", "secrets", "rotation", "variables"], key: "composeFile", says: /there is no file compose\.yaml/, fix: "pulumi config set recoloca:composeFile", plant: set("composeFile", "compose.yaml") },
  { what: "a service to recreate that is not there", in: ALL, rests: ["recreate"], key: "recreate[0]", says: /got "redi", which .* did you mean "redis"\?/, fix: "pulumi config set --path 'recoloca:recreate[0]' redis", plant: set("recreate", ["redi"]) },
  { what: "a variable of the Compose file that nobody sets", in: ALL, rests: ["secrets", "rotation", "variables", "github"], key: "secrets.POSTGRES_PASSWORD", says: /is missing: .* uses POSTGRES_PASSWORD/, fix: "openssl rand -hex 32 | pulumi config set --path --secret 'recoloca:secrets.POSTGRES_PASSWORD'", plant: change("secrets", { POSTGRES_PASSWORD: undefined }) },
  { what: "a secret that nothing uses", in: ALL, rests: ["secrets", "backup", "github"], key: "secrets.GEMINI_KEY", says: /is used by nothing/, fix: "pulumi config rm --path recoloca:secrets.GEMINI_KEY", plant: change("secrets", { GEMINI_KEY: "hunter2" }) },
  { what: "half of a login for tests", in: ["staging", "demo"], rests: ["secrets", "backup", "github"], key: "secrets.TEST_USER_PASSWORD", says: /is missing: TEST_USER_EMAIL is set, they go together/, fix: "openssl rand -hex 32 | pulumi config set", plant: change("secrets", { TEST_USER_EMAIL: "hunter2", TEST_USER_PASSWORD: undefined }) },
  { what: "a secret of the repository at another stack", in: ["staging", "demo"], rests: ["secrets", "backup", "github"], key: "secrets.SLACK_WEBHOOK_URL", says: /belongs to the stack that owns the repository/, fix: "pulumi config rm --path recoloca:secrets.SLACK_WEBHOOK_URL", plant: change("secrets", { SLACK_WEBHOOK_URL: "hunter2" }) },
  { what: "generations of nothing", in: ALL, rests: ["rotation"], key: "rotation.POSTGRES_PASSWRD", says: /is not known; did you mean "POSTGRES_PASSWORD"\?/, fix: "pulumi config rm --path recoloca:rotation.POSTGRES_PASSWRD", plant: change("rotation", { POSTGRES_PASSWRD: { since: "2026-11-25" } }) },
  { what: "generations of what somebody else makes", in: ALL, rests: ["rotation"], key: "rotation.tlsPrivateKey", says: /has no generations/, fix: "pulumi config rm --path recoloca:rotation.tlsPrivateKey", plant: change("rotation", { tlsPrivateKey: { generation: 2, since: "2026-11-25" } }) },
  { what: "an end before there is a value before", in: ALL, rests: ["rotation"], key: "rotation.POSTGRES_PASSWORD.until", says: /is of the class database/, fix: "pulumi config rm --path recoloca:rotation.POSTGRES_PASSWORD.until", plant: change("rotation", { POSTGRES_PASSWORD: { since: "2026-11-25", until: "2026-11-26" } }) },
  { what: "a zone that does not hold the domain", in: AT_AWS, rests: ["ec2", "domain", "review"], key: "ec2.zone", says: /got "example.org", which does not hold /, fix: "pulumi config set --path 'recoloca:ec2.zone' recoloca.ai", plant: (config) => { change("ec2", { zone: "example.org" })(config); remove("review")(config); } },
  { what: "a server that nobody reaches", in: AT_AWS, rests: ["ec2", "hostAddress"], key: "ec2.sshFrom", says: /is missing: nobody could reach the server/, fix: `pulumi config set --path 'recoloca:ec2.sshFrom[0]' "$(curl -s https://checkip.amazonaws.com)/32"`, plant: change("ec2", { sshFrom: [] }) },
  { what: "a host key of a server that is made", in: AT_AWS, rests: ["ec2", "hostKey"], key: "hostKey", says: /is made by the stack/, fix: "pulumi config rm recoloca:hostKey", plant: set("hostKey", "ssh-ed25519 AAAA") },
  { what: "the port of a server of one's own", in: AT_AWS, rests: ["ec2", "hostAddress", "hostPort"], key: "hostPort", says: /got 2200, and a server at AWS that the stack makes listens on 22 alone/, fix: "pulumi config rm recoloca:hostPort", plant: set("hostPort", "2200") },
  { what: "Session Manager without its agent", in: ["production"], rests: ["ec2", "hostAddress", "hostPort"], key: "ec2.image", says: /got "debian-13", whose image has no agent/, fix: "pulumi config set --path 'recoloca:ec2.image' ubuntu-24.04", plant: (config) => { change("ec2", { reach: "session-manager" })(config); Object.assign(config, { hostAddress: "127.0.0.1", hostPort: "2222" }); } },
  { what: "Session Manager without a port to begin at", in: ["production"], rests: ["ec2", "hostAddress", "hostPort"], key: "hostPort", says: /is missing: with Session Manager the port of this machine/, fix: "pulumi config set recoloca:hostPort 2222", plant: (config) => { change("ec2", { reach: "session-manager", image: "ubuntu-24.04" })(config); config["hostAddress"] = "127.0.0.1"; } },
  { what: "a lock that outlives the backup", in: AT_AWS, rests: ["createBackupBucket", "ec2"], key: "createBackupBucket.lockDays", says: /got 400 days, and backups are to be removed after/, fix: "pulumi config set --path 'recoloca:createBackupBucket.lockDays' 30", plant: change("createBackupBucket", { lockDays: 400, expireAfter: 365 }) },
  { what: "a bucket to make without a role for it", in: ["demo"], rests: ["createBackupBucket", "ec2"], key: "createBackupBucket", says: /wants a server at AWS/, plant: set("createBackupBucket", {}) },
  { what: "no domain", in: AT_AWS, rests: ["domain", "ec2", "tls", "review", "routes"], key: "domain", says: /is missing: a (server at AWS|certificate)/, fix: "pulumi config set recoloca:domain", plant: remove("domain") },
  { what: "no repository", in: AT_AWS, rests: ["repository", "ec2", "github"], key: "repository", says: /is missing: it is written on everything at AWS/, fix: "pulumi config set recoloca:repository", plant: remove("repository") },
  { what: "alarms that nobody hears", in: ["staging"], rests: ["observability", "notify", "ec2"], key: "observability.email", says: /is missing: nobody would hear of an alarm/, fix: "pulumi config set --path 'recoloca:observability.email'", plant: change("observability", { email: undefined }) },
  { what: "CloudWatch without AWS", in: ["demo"], rests: ["observability", "ec2", "telemetry"], key: "observability.to", says: /got "cloudwatch", which wants a server at AWS/, fix: "pulumi config set --path 'recoloca:observability.to' telemetry", plant: set("observability", { to: "cloudwatch", email: "a@b.co" }) },
  { what: "figures that go nowhere", in: ["production"], rests: ["observability", "telemetry"], key: "telemetry", says: /is missing: recoloca:observability.to is "telemetry"/, fix: "pulumi config set --path --secret 'recoloca:telemetry.endpoint'", plant: remove("telemetry") },
  { what: "a bastion's key and no bastion", in: AT_AWS, rests: ["bastion", "bastionPrivateKey", "ec2"], key: "bastionPrivateKey", says: /recoloca:bastion, which it opens, is not/, fix: "pulumi config rm recoloca:bastionPrivateKey", plant: set("bastionPrivateKey", "hunter2") },
  { what: "a bastion that the server lets not in", in: ["production"], rests: ["bastion", "bastionPrivateKey", "ec2"], key: "ec2.sshFrom", says: /holds no range with the bastion's address 198\.51\.100\.1/, fix: "pulumi config set --path 'recoloca:ec2.sshFrom[1]' 198.51.100.1/32", plant: (config) => { config["bastion"] = { address: "198.51.100.1", user: "jump", hostKey: "ssh-ed25519 AAAA" }; config["bastionPrivateKey"] = "hunter2"; } },
  { what: "half a certificate", in: ["demo"], rests: ["tls", "tlsCertificate", "tlsPrivateKey", "domain", "routes"], key: "tlsPrivateKey", says: /is missing: a certificate and its private key go together/, fix: "cat KEY.pem | pulumi config set --secret recoloca:tlsPrivateKey", plant: remove("tlsPrivateKey") },
  { what: "a key of another certificate", in: ["demo"], rests: ["tls", "tlsCertificate", "tlsPrivateKey", "domain", "routes"], key: "tlsPrivateKey", says: /is not the key of the certificate/, fix: "cat KEY.pem | pulumi config set --secret recoloca:tlsPrivateKey", plant: set("tlsPrivateKey", other.privateKey) },
  { what: "a certificate for another name", in: ["demo"], rests: ["tls", "tlsCertificate", "tlsPrivateKey", "domain", "routes"], key: "tlsCertificate", says: /does not cover shop\.example\.org; it is for other\.example\.org/, fix: "cat CHAIN.pem | pulumi config set --secret recoloca:tlsCertificate", plant: (config) => { config["tlsCertificate"] = other.certificate; config["tlsPrivateKey"] = other.privateKey; } },
  { what: "two ways to a certificate", in: ["demo"], rests: ["tls", "tlsCertificate", "tlsPrivateKey", "domain", "routes"], key: "tls.acme", says: /and a given certificate are two ways/, fix: "pulumi config rm recoloca:tlsCertificate", plant: set("tls", { acme: { email: "a@b.co" } }) },
  { what: "a proof by Route 53 without a zone", in: ["staging"], rests: ["ec2", "tls", "domain", "review"], key: "tls.acme.dns", says: /wants the zone that is to prove it/, fix: "pulumi config set --path 'recoloca:ec2.zone' recoloca.ai", plant: change("ec2", { zone: undefined }) },
  { what: "browsers that would be locked out", in: ["staging"], rests: ["tls", "ec2", "domain"], key: "tls.hsts", says: /would lock visitors out/, fix: "pulumi config set --path 'recoloca:tls.hsts' false", plant: change("tls", { acme: { email: "a@b.co", directory: "staging" } }) },
  { what: "pull requests beside production", in: ["production"], rests: ["review", "ec2", "bastion"], key: "review", says: /is set at production/, fix: "pulumi config rm recoloca:review", plant: set("review", { host: "pr-{number}.recoloca.ai", repositories: ["a/b"] }) },
  { what: "pull requests behind a bastion", in: ["demo"], rests: ["review", "bastion"], key: "review", says: /this one is behind a bastion/, fix: "pulumi config rm recoloca:review", plant: set("review", { host: "pr-{number}.shop.example.org", repositories: ["a/b"] }) },
  { what: "environments of pull requests outside of the zone", in: ["staging"], rests: ["review", "ec2", "domain"], key: "review.host", says: /which the zone recoloca\.ai does not hold/, fix: "pulumi config set --path 'recoloca:review.host'", plant: change("review", { host: "pr-{number}.demo.example.org" }) },
  { what: "previews without GitHub", in: ["staging"], rests: ["previews", "github", "secrets"], key: "previews", says: /wants recoloca:github/, fix: "pulumi config rm recoloca:previews", plant: remove("github") },
  { what: "previews from forks", in: ["staging"], rests: ["previews", "github"], key: "previews.pullRequests", says: /got true, and the repository is public/, fix: "pulumi config set --path 'recoloca:previews.pullRequests' false", plant: change("previews", { pullRequests: true }) },
  { what: "a pipeline at another stack", in: ["staging"], rests: ["pipeline", "github"], key: "pipeline", says: /belongs to the stack that owns the repository/, fix: "pulumi config rm recoloca:pipeline", plant: set("pipeline", {}) },
  { what: "a plan that has no environments", in: ["demo"], rests: ["github"], key: "github.plan", says: /GitHub has no environments there/, fix: "pulumi config set --path 'recoloca:github.plan' team", plant: change("github", { plan: "free" }) },
  { what: "nobody who approves production", in: ["production"], rests: ["github", "secrets", "pipeline"], key: "github.reviewers", says: /is missing: nobody would have to approve/, fix: "pulumi config set --path recoloca:github.reviewers.teams.platform", plant: change("github", { reviewers: { users: {}, teams: {} } }) },
  { what: "what belongs to another stack", in: ["staging"], rests: ["github"], key: "github.approvals", says: /belongs to the stack that owns the repository, and this one does not/, fix: "pulumi config rm --path recoloca:github.approvals", plant: change("github", { approvals: 1 }) },
  { what: "an App without its key", in: ["staging"], rests: ["github", "secrets"], key: "secrets.INFRASTRUCTURE_APP_PRIVATE_KEY", says: /is missing: recoloca:github.infrastructureApp is set/, fix: "cat APP.private-key.pem | pulumi config set", plant: change("github", { infrastructureApp: 5 }) },
  { what: "a token for nothing", in: ["demo"], rests: ["github", "githubToken", "secrets", "previews", "pipeline"], key: "githubToken", says: /is set, and the stack has no GitHub side/, fix: "pulumi config rm recoloca:githubToken", plant: (config) => { remove("github")(config); config["githubToken"] = "hunter2"; config["secrets"] = { POSTGRES_PASSWORD: "hunter2" }; } },
  { what: "a bucket for the state without an account", in: ["demo"], rests: ["github", "ec2", "secrets"], key: "github.stateBucket", says: /wants a server at AWS/, plant: change("github", { stateBucket: { name: "acme-state", key: "arn:aws:kms:sa-east-1:123456789012:key/0a1b" } }) },
]; // prettier-ignore
