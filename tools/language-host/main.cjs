/**
 * A language host for Node programs, for machines that cannot download Pulumi's own: it answers the engine's few
 * questions and runs the SDK's own program runner (`@pulumi/pulumi/cmd/run`). Plain JavaScript, because the engine waits
 * for it at every start.
 */
"use strict";
const { spawn } = require("node:child_process");
const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const services = require("@pulumi/pulumi/proto/language_grpc_pb.js");
const language = require("@pulumi/pulumi/proto/language_pb.js");
const plugin = require("@pulumi/pulumi/proto/plugin_pb.js");

/** The runner has told the person what is wrong; the engine need not repeat it. */
const BAIL = 32;

// The engine appends its own address; everything before it is an option.
const engine =
  process.argv
    .slice(2)
    .filter((word) => !word.startsWith("-"))
    .at(-1) ?? "";

/** @param {any} options runtime.options of Pulumi.yaml, as a plain object */
function environment(request, options) {
  const config = Object.fromEntries(request.getConfigMap().toObject());
  return {
    ...process.env,
    PULUMI_CONFIG: JSON.stringify(config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    PULUMI_NODEJS_TYPESCRIPT: String(options.typescript !== false),
    ...(options.tsconfig && { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
  };
}

function run(call, answer) {
  const request = call.request;
  const info = request.getInfo();
  const options = info?.getOptions()?.toJavaScript() ?? {};
  const directory = info?.getProgramDirectory() || request.getPwd();
  const program = info?.getEntryPoint() || ".";
  const words = [
    require.resolve("@pulumi/pulumi/cmd/run", { paths: [directory, __dirname] }),
    `--monitor=${request.getMonitorAddress()}`,
    `--engine=${engine}`,
    `--project=${request.getProject()}`,
    `--stack=${request.getStack()}`,
    `--organization=${request.getOrganization()}`,
    `--root-directory=${info?.getRootDirectory() || directory}`,
    `--pwd=${request.getPwd()}`,
    `--parallel=${request.getParallel()}`,
    ...(request.getDryrun() ? ["--dry-run"] : []),
    path.resolve(directory, program),
    ...request.getArgsList(),
  ];
  const child = spawn(process.execPath, [...(options.nodeargs ? String(options.nodeargs).split(" ") : []), ...words], {
    cwd: request.getPwd() || directory,
    env: environment(request, options),
    stdio: ["ignore", "inherit", "inherit"],
  });
  call.on("cancelled", () => child.kill("SIGTERM"));
  child.on("error", (error) => answer(error));
  child.on("close", (code, signal) => {
    const response = new language.RunResponse();
    if (code === BAIL) response.setBail(true);
    else if (code !== 0) response.setError(`the program ended with ${signal ?? `exit code ${code}`}`);
    answer(null, response);
  });
}

const server = new grpc.Server({ "grpc.max_receive_message_length": 400 * 1024 * 1024, "grpc.max_send_message_length": 400 * 1024 * 1024 });
server.addService(services.LanguageRuntimeService, {
  handshake: (_call, answer) => answer(null, new language.LanguageHandshakeResponse()),
  getPluginInfo: (_call, answer) => {
    const info = new plugin.PluginInfo();
    info.setVersion("0.0.0-launcher");
    answer(null, info);
  },
  // Plugins are fetched when a resource needs them; nothing is to be said before.
  getRequiredPackages: (_call, answer) => answer(null, new language.GetRequiredPackagesResponse()),
  getRequiredPlugins: (_call, answer) => answer(null, new language.GetRequiredPluginsResponse()),
  run,
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
