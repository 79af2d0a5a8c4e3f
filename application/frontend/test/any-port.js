/** Loaded before the server: what it asks to listen on is told, and any free port is taken, as 3000 may be somebody else's. */
"use strict";
const net = require("node:net");

const listen = net.Server.prototype.listen;
/**
 * @this {net.Server}
 * @param {any} asked a port
 */
net.Server.prototype.listen = function (asked) {
  this.once("listening", () => console.log(JSON.stringify({ asked, port: /** @type {net.AddressInfo} */ (this.address()).port })));
  return listen.call(this, 0);
};
