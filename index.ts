/** The product on one screen: what an environment is made of, in order. */
import "./components/quick-start.ts";
import { ComposeDeployment } from "./components/compose-deployment/index.ts";
import { Host } from "./components/host/index.ts";
import { RegistryAccess } from "./components/registry-access/index.ts";
import { loadSettings } from "./settings/index.ts";

const settings = loadSettings();

const host = new Host("host", settings.host);

const registry = settings.registry && new RegistryAccess("registry", { ...settings.registry, server: host.server }, { dependsOn: host });

const deployment = new ComposeDeployment(
  settings.application,
  { ...settings, compose: settings.compose.text, server: host.server },
  { dependsOn: registry ? [host, registry] : [host] },
);

export const { url, release, deployed } = deployment;
export const { program } = host;
export const { machine } = host.server;
