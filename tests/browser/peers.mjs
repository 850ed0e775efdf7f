// Peers that the scripted target does not play: a gRPC health service, a WebSocket and a UDP echo, a registry's RDAP server.

import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { once } from "node:events";

const HOST = "127.0.0.1";
const DAY_MS = 86_400_000;

async function listening(server) {
  server.listen(0, HOST);
  await once(server, "listening");
  return server.address().port;
}

/** Answers every health request with SERVING, whichever service is asked for. */
function healthService() {
  const server = createHttp2Server();
  server.on("stream", (stream) => {
    stream.on("data", () => {});
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]));
    });
  });
  return server;
}

/** Takes any WebSocket and answers each short frame with the same text. */
function webSocketEcho() {
  const server = createServer();
  server.on("upgrade", (request, socket) => {
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.on("error", () => {});
    socket.on("data", (frame) => {
      const length = frame[1] & 0x7f;
      const mask = frame.subarray(2, 6);
      const content = Buffer.from(frame.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i % 4]));
      socket.write(Buffer.concat([Buffer.from([frame[0], length]), content]));
      if ((frame[0] & 0x0f) === 8) socket.end();
    });
  });
  return server;
}

/** Says of every domain that it is registered for another 200 days. */
function registry() {
  return createServer((request, response) => {
    const answer = {
      objectClassName: "domain",
      ldhName: request.url.split("/").pop(),
      status: ["active"],
      events: [{ eventAction: "expiration", eventDate: new Date(Date.now() + 200 * DAY_MS).toISOString() }],
      entities: [{ objectClassName: "entity", roles: ["registrar"], vcardArray: ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Example Registrar"]]] }],
    };
    response.writeHead(200, { "content-type": "application/rdap+json" }).end(JSON.stringify(answer));
  });
}

/** Starts all of them; `stop` ends them. */
export async function startPeers() {
  const servers = { grpc: healthService(), webSocket: webSocketEcho(), rdap: registry() };
  const ports = {};
  for (const [name, server] of Object.entries(servers)) ports[name] = await listening(server);
  const udp = createSocket("udp4");
  udp.on("message", (message, from) => udp.send(message, from.port, from.address));
  udp.bind(0, HOST);
  await once(udp, "listening");
  ports.udp = udp.address().port;
  return {
    ports,
    stop() {
      for (const server of Object.values(servers)) server.close();
      udp.close();
    },
  };
}
