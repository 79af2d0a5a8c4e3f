/** Pulumi's provider protocol: gRPC on one side, plain values and plain functions on the other. */
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { Failure } from "./shapes.ts";
import type { Operation } from "./interference.ts";
import { conceal, reveal, type Revealed, type Values } from "./values.ts";

/** One connection of the engine is one provider of the program, default or explicit: all of a package share the port. */
export interface Asked {
  readonly connection: string;
  readonly operation: Operation;
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly id: string;
  readonly preview: boolean;
  /** The new inputs. */
  readonly inputs: Revealed;
  readonly oldInputs: Values;
  /** What the engine's state says. */
  readonly state: Revealed;
  /** The same for the preview and the update of one run. */
  readonly seed: string;
}

export interface Answer {
  readonly values: Values;
  readonly secrets: readonly string[];
}
export interface Difference {
  readonly changed: readonly string[];
  readonly replaces: readonly string[];
  readonly deleteFirst: boolean;
}

/** A provider in plain functions. Each may throw; the engine reads the message. */
export interface Provider {
  readonly version: string;
  checkConfig(config: Values): Promise<readonly Failure[]>;
  configure(connection: string, config: Values): void;
  check(asked: Asked): Promise<Answer & { readonly failures: readonly Failure[] }>;
  diff(asked: Asked): Promise<Difference>;
  create(asked: Asked): Promise<Answer & { readonly id: string }>;
  update(asked: Asked): Promise<Answer>;
  /** Nothing: it is not there. */
  read(asked: Asked): Promise<(Answer & { readonly inputs: Values }) | undefined>;
  delete(asked: Asked): Promise<void>;
  invoke(asked: Asked): Promise<Values>;
}

type Struct = structs.Struct;
const LARGE = { "grpc.max_receive_message_length": 400 * 1024 * 1024, "grpc.max_send_message_length": 400 * 1024 * 1024 };

const values = (struct: Struct | undefined) => reveal(struct?.toJavaScript() ?? {});
const struct = ({ values: held, secrets }: Answer) =>
  structs.Struct.fromJavaScript(JSON.parse(JSON.stringify(conceal(held, secrets))) as Parameters<typeof structs.Struct.fromJavaScript>[0]);

const typeIn = (urn: string) => urn.split("::")[2]?.split("$").at(-1) ?? "";
const nameIn = (urn: string) => urn.split("::").slice(3).join("::");

type Call<T> = grpc.ServerUnaryCall<T, unknown>;
const NONE: Revealed = { values: {}, secrets: [] };
const asked = (connection: string, urn: string, operation: Operation, rest: Partial<Asked>): Asked => ({
  connection, operation, urn, type: typeIn(urn), name: nameIn(urn), id: "", preview: false, inputs: NONE, oldInputs: {}, state: NONE, seed: "", ...rest,
}); // prettier-ignore
const about = <T extends { getUrn(): string }>(call: Call<T>, operation: Operation, rest: Partial<Asked>) =>
  asked(call.getPeer(), call.request.getUrn(), operation, rest);

/** A handler that may wait and may throw. */
const handle =
  <T>(work: (call: Call<T>) => unknown) =>
  (call: Call<T>, answer: grpc.sendUnaryData<unknown>): void => {
    Promise.resolve()
      .then(() => work(call))
      .then(
        (response) => answer(null, response),
        (error: Error) => answer({ code: grpc.status.UNKNOWN, message: error.message }),
      );
  };

const failure = ({ property, reason }: Failure) => {
  const found = new provider.CheckFailure();
  found.setProperty(property);
  found.setReason(reason);
  return found;
};

const implementation = (name: string, own: Provider) => ({
  getPluginInfo: handle(() => new plugin.PluginInfo().setVersion(own.version)),
  attach: handle(() => new empty.Empty()),
  cancel: handle(() => new empty.Empty()),
  getSchema: handle(() => new provider.GetSchemaResponse().setSchema(JSON.stringify({ name, version: own.version }))),
  checkConfig: handle<messages.CheckRequest>(async ({ request }) => {
    const failures = await own.checkConfig(values(request.getNews()).values);
    return new provider.CheckResponse().setInputs(request.getNews()).setFailuresList(failures.map(failure));
  }),
  diffConfig: handle<messages.DiffRequest>(() => new provider.DiffResponse()),
  configure: handle<messages.ConfigureRequest>((call) => {
    own.configure(call.getPeer(), values(call.request.getArgs()).values);
    // With secrets wrapped it can be seen which were sent as such.
    return new provider.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
  }),
  check: handle<messages.CheckRequest>(async (call) => {
    const { request } = call;
    const rest = { inputs: values(request.getNews()), oldInputs: values(request.getOlds()).values, seed: request.getRandomseed_asB64() };
    const answer = await own.check(about(call, "check", rest));
    return new provider.CheckResponse().setInputs(struct(answer)).setFailuresList(answer.failures.map(failure));
  }),
  diff: handle<messages.DiffRequest>(async (call) => {
    const { request } = call;
    const rest = { id: request.getId(), inputs: values(request.getNews()), oldInputs: values(request.getOldInputs()).values, state: values(request.getOlds()) };
    const { changed, replaces, deleteFirst } = await own.diff(about(call, "diff", rest));
    const { DIFF_NONE, DIFF_SOME } = provider.DiffResponse.DiffChanges;
    return new provider.DiffResponse()
      .setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE)
      .setDiffsList([...changed])
      .setReplacesList([...replaces])
      .setDeletebeforereplace(deleteFirst);
  }),
  create: handle<messages.CreateRequest>(async (call) => {
    const { request } = call;
    const answer = await own.create(about(call, "create", { inputs: values(request.getProperties()), preview: request.getPreview() }));
    return new provider.CreateResponse().setId(answer.id).setProperties(struct(answer));
  }),
  update: handle<messages.UpdateRequest>(async (call) => {
    const { request } = call;
    const rest = { id: request.getId(), inputs: values(request.getNews()), state: values(request.getOlds()), preview: request.getPreview() };
    return new provider.UpdateResponse().setProperties(struct(await own.update(about(call, "update", rest))));
  }),
  read: handle<messages.ReadRequest>(async (call) => {
    const { request } = call;
    const inputs = values(request.getInputs());
    const answer = await own.read(about(call, "read", { id: request.getId(), inputs, state: values(request.getProperties()) }));
    if (!answer) return new provider.ReadResponse();
    const held = { values: answer.inputs, secrets: inputs.secrets };
    return new provider.ReadResponse().setId(request.getId()).setProperties(struct(answer)).setInputs(struct(held));
  }),
  delete: handle<messages.DeleteRequest>(async (call) => {
    const { request } = call;
    await own.delete(about(call, "delete", { id: request.getId(), state: values(request.getProperties()) }));
    return new empty.Empty();
  }),
  invoke: handle<messages.InvokeRequest>(async (call) => {
    const { request } = call;
    const rest = { type: request.getTok(), inputs: values(request.getArgs()), preview: request.getPreview() };
    const found = await own.invoke(asked(call.getPeer(), "", "invoke", rest));
    return new provider.InvokeResponse().setReturn(struct({ values: found, secrets: [] }));
  }),
});

/** The provider's port on 127.0.0.1, and how it ends. */
export async function serve(name: string, own: Provider): Promise<{ readonly port: number; readonly stop: () => void }> {
  const server = new grpc.Server(LARGE);
  server.addService(services.ResourceProviderService, implementation(name, own));
  const port = await new Promise<number>((done, fail) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? fail(error) : done(bound))),
  );
  return { port, stop: () => server.forceShutdown() };
}
