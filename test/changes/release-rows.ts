/** The release: what it is made of, how it is deployed, who hears of it. */
import * as os from "node:os";
import * as path from "node:path";
import { hidden, type Section } from "./row.ts";

/** Another definition of the service `backend`; whoever asks for the rows' previews writes it. */
export const OTHER_COMPOSE = path.join(os.tmpdir(), "another-compose.yaml");

const image = (name: string) => `ghcr.io/recoloca/${name}@sha256:${"b".repeat(64)}`;

export const RELEASE: Section = {
  title: "The release",
  rows: [
    {
      change: "images",
      set: { "images.backend": image("backend"), release: "2" },
      does: ["rolls"],
      says: /backend {4}sha256:aaaa… {2}→ {2}sha256:bbbb… {2}rolls/,
    },
    {
      change: "its name, who asked for it, its gates, its times, how it migrates, what is told of it",
      set: {
        ...{ release: "1-again", watch: "40s", drain: "50s", keep: 7, wait: "5m", lift: 3, recreate: ["postgres"], maintenancePage: "Pulumi.yaml" },
        provenance: { commit: "0123456", actor: "ana", run: "https://github.com/recoloca/recoloca/actions/runs/1", reason: "once more" },
        "gates[0]": {
          name: "other",
          path: "/api/v1/other",
          status: 204,
          contains: "ok",
          timeout: "1m",
          passes: 2,
          interval: "1s",
          host: "staging.recoloca.ai",
        },
        ...{ "migration.breaking": true, "migration.downgrade": ["alembic", "downgrade"], "migration.downgradeSql": ["alembic", "downgrade", "--sql"] },
        telemetry: { endpoint: hidden("https://otlp.example.com/other"), headers: { authorization: hidden("Bearer that-nobody-may-see") } },
        notify: [{ url: hidden("https://hooks.example.com/other"), format: "slack", on: ["live"] }],
      },
      does: ["~ release", "~ review"],
      note: "the same release stays live; the next one is deployed so",
    },
    {
      change: "none named any more",
      set: { images: undefined, release: undefined },
      does: [],
      note: "what is live stays",
    },
    {
      change: "the Compose file, for services of the release",
      set: { composeFile: OTHER_COMPOSE },
      does: ["rolls"],
      says: /backend .*rolls \(definition, SECRET_KEY, SECRET_KEY_PREVIOUS changed\)/,
    },
    { change: "the migration", set: { "migration.service": "worker", "migration.command": ["alembic", "upgrade", "heads"], "migration.timeout": "10m", "migration.revision": ["alembic", "heads"] }, does: ["rolls", "~ review"] }, // prettier-ignore
    {
      change: "a variable that a service of the base uses",
      set: { "variables.REDIS_IMAGE": "redis:9" },
      does: ["rolls", "~ review"],
      says: /redis {6}NOT recreated \(REDIS_IMAGE changed\), and so the release is refused: it keeps data/,
      note: "refused by the server where that one keeps data, until `recreate` names it; any other is recreated and stops for a moment",
    },
    {
      change: "the database's first password",
      set: { "secrets.POSTGRES_PASSWORD": hidden("another-that-nobody-may-see") },
      does: ["rolls"],
      says: /postgres {3}NOT recreated \(POSTGRES_PASSWORD changed\), and so the release is refused: it keeps data/,
      note: "refused by the server: a password in use is renewed by [`make rotate`](rotation.md)",
    },
    {
      change: "a secret renewed",
      set: { "rotation.POSTGRES_PASSWORD": { generation: 3, since: "2026-11-26" } },
      does: ["rolls", "+ RandomPassword", "- RandomPassword"],
      note: "the login before goes once the new release is live",
    },
    {
      change: "one that signs, with a time in which the one before is accepted",
      set: {
        composeFile: OTHER_COMPOSE,
        "secrets.SECRET_KEY": hidden("a-secret-that-nobody-may-see"),
        "rotation.SECRET_KEY": { generation: 2, since: "2026-11-26", until: "2026-12-26" },
      },
      along: ["composeFile", "secrets.SECRET_KEY"],
      does: ["rolls", "~ review", "+ RandomPassword"],
    },
    {
      change: "an older generation of a secret than what is live",
      set: { "rotation.POSTGRES_PASSWORD": { generation: 1, since: "2026-11-01" } },
      refused: /recoloca:rotation\.POSTGRES_PASSWORD\.generation {2}got 1, which is older than 2, which is live/,
    },
    { change: "the registry's login", set: { registryUsername: "another", registryPassword: hidden("another-that-nobody-may-see") }, does: ["~ registry"] },
    {
      change: "another registry",
      set: { registryServer: "registry.example.com" },
      does: ["~ registry"],
      note: "the login at the one before stays on the server: `recoloca logout --server OLD` there",
    },
    {
      change: "the account's own registry",
      set: { registryServer: "123456789012.dkr.ecr.sa-east-1.amazonaws.com", registryUsername: undefined, registryPassword: undefined },
      does: ["~ registry", "+ RolePolicy", "~ RolePolicy"],
    },
  ],
};

export const WATCHED: Section = {
  title: "Who watches it",
  rows: [
    {
      change: "what is too much, how long logs are kept, whether what containers print is among them",
      set: { "observability.disk": 70, "observability.memory": 80, "observability.errors": 2, "observability.keepLogs": 90, "observability.logs": false },
      does: ["~ LogGroup", "~ MetricAlarm", "~ observation"],
      note: "lines that are older than `keepLogs` go",
    },
    {
      change: "who gets the alarms",
      set: { "observability.email": "other@recoloca.ai" },
      does: ["± TopicSubscription"],
      note: "the new address confirms a message first, and hears nothing before",
    },
    {
      change: "to the endpoint of traces instead of CloudWatch, or not at all",
      set: { "observability.to": "telemetry", "observability.email": undefined },
      along: ["observability.email"],
      does: [
        "~ observation",
        ...["Alias", "Key", "LogGroup", "MetricAlarm", "RolePolicy", "Topic", "TopicPolicy", "TopicSubscription"].map((one) => `- ${one}`),
      ],
      note: "**the log at CloudWatch goes, with all that is in it**",
    },
    {
      change: "CloudWatch, where there was nothing",
      of: "production",
      set: { "observability.to": "cloudwatch", "observability.email": "ops@recoloca.ai" },
      does: [
        ...["Alias", "Key", "LogGroup", "MetricAlarm", "RolePolicy", "Topic", "TopicPolicy", "TopicSubscription"].map((one) => `+ ${one}`),
        ...["+ host-measurements", "+ observation"],
      ],
    },
  ],
};
