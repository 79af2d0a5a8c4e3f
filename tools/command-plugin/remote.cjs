/** One command over one SSH connection, the way @pulumi/command 1.2.1 does it. */
"use strict";
const { Client } = require("ssh2");
const { utils } = require("ssh2");

const FIRST_DELAY = 100;
const MOST_DELAY = 5000;
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Tries until it works; authentication and host key failures are tried again too, as the real plugin does. */
async function again(limit, attempt) {
  let delay = FIRST_DELAY;
  for (let failed = 0; ; failed++) {
    try {
      return await attempt();
    } catch (error) {
      if (limit >= 0 && failed + 1 > limit) throw new Error(`after ${failed} failed attempts: ${error.message}`, { cause: error });
      await sleep(delay);
      delay = Math.min(delay * 1.5, MOST_DELAY);
    }
  }
}

const limitOf = (connection) => connection.dialErrorLimit ?? 10;

/** Gives the client, and what else is to be closed with it. */
async function dial(connection) {
  const { proxy } = connection;
  if (!proxy) return [await again(limitOf(connection), () => greet(connection))];
  try {
    const bastion = await again(limitOf(proxy), () => greet(proxy));
    try {
      const stream = await again(limitOf(connection), () => forward(bastion, connection));
      return [
        await again(
          limitOf(connection),
          once(() => greet(connection, stream)),
        ),
        bastion,
      ];
    } catch (error) {
      bastion.end();
      throw error;
    }
  } catch (error) {
    throw new Error(`proxy: ${error.message}`, { cause: error });
  }
}

const forward = (bastion, { host, port = 22 }) =>
  new Promise((done, fail) => bastion.forwardOut("0.0.0.0", 0, host, port, (error, stream) => (error ? fail(error) : done(stream))));

/** Whoever refused has closed the stream that the bastion opened, and the real plugin tries again on it all the same. */
function once(attempt) {
  let tried = false;
  return async () => {
    if (tried) throw new Error("ssh: handshake failed: EOF");
    tried = true;
    return attempt();
  };
}

/** `stream`: one that leads there already. */
function greet(connection, stream) {
  const pinned = connection.hostKey && utils.parseKey(connection.hostKey);
  if (pinned instanceof Error) return Promise.reject(new Error(`hostKey: ${pinned.message}`));
  return new Promise((done, fail) => {
    const client = new Client();
    client.on("ready", () => done(client));
    client.on("error", fail);
    client.connect({
      ...(stream ? { sock: stream } : { host: connection.host, port: connection.port ?? 22 }),
      username: connection.user ?? "root",
      privateKey: connection.privateKey || undefined,
      passphrase: connection.privateKeyPassword,
      password: connection.password,
      readyTimeout: (connection.perDialTimeout ?? 15) * 1000,
      // The pinned key chooses the algorithm, else the server might offer another of its keys.
      ...(pinned && { algorithms: { serverHostKey: [pinned.type] }, hostVerifier: (key) => key.equals(pinned.getPublicSSH()) }),
    });
  });
}

/**
 * @param {{connection: any, command: string, stdin?: string, environment?: Record<string, string>, onLine: (stream: "stdout" | "stderr", line: string) => void}} call
 * @returns {Promise<{stdout: string, stderr: string}>}
 */
async function runRemote(call) {
  const [client, ...way] = await dial(call.connection);
  try {
    return await new Promise((done, fail) => {
      client.on("error", fail);
      client.exec(call.command, { env: call.environment ?? {} }, (error, channel) => {
        if (error) return fail(error);
        const text = { stdout: "", stderr: "" };
        let both = "";
        const pending = { stdout: "", stderr: "" };
        const take = (stream) => (chunk) => {
          text[stream] += chunk;
          both += chunk;
          const lines = (pending[stream] + chunk).split("\n");
          pending[stream] = lines.pop() ?? "";
          for (const line of lines) call.onLine(stream, line);
        };
        channel.setEncoding("utf8").on("data", take("stdout"));
        channel.stderr.setEncoding("utf8").on("data", take("stderr"));
        let status;
        channel.on("exit", (code) => (status = code));
        channel.on("close", () => {
          for (const stream of ["stdout", "stderr"]) if (pending[stream]) call.onLine(stream, pending[stream]);
          if (status === 0) return done({ stdout: trim(text.stdout), stderr: trim(text.stderr) });
          const why =
            status === undefined || status === null ? "wait: remote command exited without exit status or exit signal" : `Process exited with status ${status}`;
          fail(new Error(`${why}: running ${JSON.stringify(call.command)}:\n${both}`));
        });
        channel.end(call.stdin ?? "");
      });
    });
  } finally {
    client.end();
    for (const before of way) before.end();
  }
}

const trim = (text) => (text.endsWith("\n") ? text.slice(0, -1) : text);

module.exports = { runRemote };
