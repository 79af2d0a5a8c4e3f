/** A port that nobody listens on, for what has to be told one before it starts. */
import * as net from "node:net";

export const freePort = (host = "127.0.0.1") =>
  new Promise<number>((done, fail) => {
    const server = net.createServer().on("error", fail);
    server.listen(0, host, () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => done(port));
    });
  });
