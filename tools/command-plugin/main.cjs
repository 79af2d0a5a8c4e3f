/**
 * Stands in for the plugin of @pulumi/command 1.2.1 where it cannot be downloaded: `remote.Command` with the provider's
 * own semantics, over real SSH. Everything else of the package is refused by name.
 */
"use strict";
const grpc = require("@grpc/grpc-js");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js");
const services = require("@pulumi/pulumi/proto/provider_grpc_pb.js");
const provider = require("@pulumi/pulumi/proto/provider_pb.js");
const plugin = require("@pulumi/pulumi/proto/plugin_pb.js");
const engineServices = require("@pulumi/pulumi/proto/engine_grpc_pb.js");
const engineMessages = require("@pulumi/pulumi/proto/engine_pb.js");
const { runRemote } = require("./remote.cjs");

const VERSION = "1.2.1";
const COMMAND = "command:remote:Command";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const LARGE = { "grpc.max_receive_message_length": 400 * 1024 * 1024, "grpc.max_send_message_length": 400 * 1024 * 1024 };

const engineAddress = process.argv
  .slice(2)
  .filter((word) => !word.startsWith("-"))
  .at(-1);
const engine = engineAddress && new engineServices.EngineClient(engineAddress, grpc.credentials.createInsecure(), LARGE);

const plain = (struct) => struct?.toJavaScript() ?? {};
const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (value) =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, sorted(value[key])]),
      )
    : Array.isArray(value)
      ? value.map(sorted)
      : value;

/** One after the other: lines that are sent side by side arrive in any order. */
let told = Promise.resolve();

/** The engine shows these beside the resource while it works, as it does for the real plugin. */
function tell(urn, message) {
  if (!engine) return;
  const request = new engineMessages.LogRequest();
  request.setSeverity(engineMessages.LogSeverity.INFO);
  request.setMessage(message);
  request.setUrn(urn);
  request.setEphemeral(true);
  told = told.then(() => new Promise((done) => engine.log(request, () => done())));
}

async function perform(urn, inputs, command, previous) {
  if (!command) return { stdout: "", stderr: "" };
  const logging = inputs.logging ?? "stdoutAndStderr";
  const wanted = { stdout: ["stdout", "stdoutAndStderr"], stderr: ["stderr", "stdoutAndStderr"] };
  const addPrevious = inputs.addPreviousOutputInEnv !== false && previous;
  const ran = runRemote({
    connection: inputs.connection,
    command,
    stdin: inputs.stdin,
    environment: {
      ...inputs.environment,
      ...(addPrevious && { PULUMI_COMMAND_STDOUT: previous.stdout ?? "", PULUMI_COMMAND_STDERR: previous.stderr ?? "" }),
    },
    onLine: (stream, line) => wanted[stream].includes(logging) && tell(urn, line),
  });
  return ran.finally(() => told);
}

const onlyCommand = (urn) => {
  const type = urn.split("::")[2]?.split("$").at(-1);
  if (type !== COMMAND)
    throw new Error(
      `the stand-in for the command plugin knows ${COMMAND} only, not ${type}: install the real plugin with "pulumi plugin install resource command ${VERSION}"`,
    );
};

/** A handler that may wait and may throw. */
const handle = (work) => (call, answer) =>
  Promise.resolve()
    .then(() => work(call.request))
    .then(
      (response) => answer(null, response),
      (error) => answer({ code: grpc.status.UNKNOWN, message: error.message }),
    );

const handlers = {
  handshake: handle(() => new provider.ProviderHandshakeResponse()),
  getPluginInfo: handle(() => {
    const info = new plugin.PluginInfo();
    info.setVersion(VERSION);
    return info;
  }),
  attach: handle(() => new Empty()),
  cancel: handle(() => new Empty()),
  getSchema: handle(() => {
    const response = new provider.GetSchemaResponse();
    response.setSchema(JSON.stringify({ name: "command", version: VERSION }));
    return response;
  }),
  checkConfig: handle((request) => checked(request.getNews())),
  diffConfig: handle(() => new provider.DiffResponse()),
  configure: handle(() => {
    const response = new provider.ConfigureResponse();
    response.setAcceptsecrets(false);
    response.setSupportspreview(true);
    return response;
  }),
  check: handle((request) => {
    onlyCommand(request.getUrn());
    return checked(request.getNews());
  }),
  diff: handle((request) => {
    const [old, now] = [plain(request.getOldInputs()), plain(request.getNews())];
    const changed = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => !same(old[key], now[key])).sort();
    const response = new provider.DiffResponse();
    response.setChanges(changed.length > 0 ? provider.DiffResponse.DiffChanges.DIFF_SOME : provider.DiffResponse.DiffChanges.DIFF_NONE);
    response.setDiffsList(changed);
    // The SDK asks for replacement of changed triggers by itself; the plugin says it too.
    response.setReplacesList(changed.includes("triggers") ? ["triggers"] : []);
    return response;
  }),
  create: handle(async (request) => {
    const inputs = plain(request.getProperties());
    const response = new provider.CreateResponse();
    if (request.getPreview()) {
      response.setProperties(Struct.fromJavaScript({ ...inputs, stdout: UNKNOWN, stderr: UNKNOWN }));
      return response;
    }
    const output = await perform(request.getUrn(), inputs, inputs.create);
    response.setId(`command-${Math.random().toString(36).slice(2, 12)}`);
    response.setProperties(Struct.fromJavaScript({ ...inputs, ...output }));
    return response;
  }),
  update: handle(async (request) => {
    const inputs = plain(request.getNews());
    const response = new provider.UpdateResponse();
    const output = request.getPreview()
      ? { stdout: UNKNOWN, stderr: UNKNOWN }
      : await perform(request.getUrn(), inputs, inputs.update ?? inputs.create, plain(request.getOlds()));
    response.setProperties(Struct.fromJavaScript({ ...inputs, ...output }));
    return response;
  }),
  read: handle((request) => {
    const response = new provider.ReadResponse();
    response.setId(request.getId());
    response.setProperties(request.getProperties());
    response.setInputs(request.getInputs());
    return response;
  }),
  delete: handle(async (request) => {
    const state = plain(request.getProperties());
    await perform(request.getUrn(), state, state.delete, state);
    return new Empty();
  }),
};

function checked(news) {
  const response = new provider.CheckResponse();
  response.setInputs(news);
  return response;
}

const server = new grpc.Server(LARGE);
server.addService(services.ResourceProviderService, handlers);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
