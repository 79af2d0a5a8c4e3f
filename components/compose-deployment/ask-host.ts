/** Asks the host what is live, while the program runs: a preview then says what will really happen. */
import ssh2 from "ssh2";
import { liveAnswerSchema, type LiveAnswer } from "../../release/record.ts";
import { asRoot } from "../connection.ts";
import { commandLine } from "../shell.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly privateKey: string;
  readonly hostKey: string;
}

export type HostAnswer = LiveAnswer | { readonly unreachable: string };

const SECONDS = 5;
/** What a shell says of a command that it does not know. */
const NOT_INSTALLED = 127;
const NOTHING: LiveAnswer = { format: 1, live: null, running: null };

export async function askHost(address: Address, application: string, environment: string): Promise<HostAnswer> {
  const command = asRoot(address.user, commandLine("recoloca", "live", "--application", application, "--environment", environment, "--json"));
  try {
    const { code, output } = await execute(address, command);
    if (code === NOT_INSTALLED || /command not found/.test(output)) return NOTHING;
    return code === 0 ? liveAnswerSchema.parse(JSON.parse(output)) : { unreachable: output.trim() };
  } catch (error) {
    return { unreachable: (error as Error).message };
  }
}

function execute(address: Address, command: string): Promise<{ code: number; output: string }> {
  return new Promise((done, fail) => {
    const pinned = ssh2.utils.parseKey(address.hostKey);
    if (pinned instanceof Error) return fail(pinned);
    const client = new ssh2.Client();
    const stop = (error: Error) => {
      client.destroy();
      fail(error);
    };
    client.on("error", stop);
    client.on("ready", () =>
      client.exec(command, (error, channel) => {
        if (error) return stop(error);
        let output = "";
        let code = 1;
        channel.setEncoding("utf8").on("data", (text: string) => (output += text));
        channel.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
        channel.on("exit", (status: number | null) => (code = status ?? 1));
        channel.on("close", () => {
          client.end();
          done({ code, output });
        });
      }),
    );
    client.connect({
      host: address.host,
      port: address.port,
      username: address.user,
      privateKey: address.privateKey,
      readyTimeout: SECONDS * 1000,
      algorithms: { serverHostKey: [pinned.type] },
      hostVerifier: (key: Buffer) => key.equals(pinned.getPublicSSH()),
    });
  });
}
