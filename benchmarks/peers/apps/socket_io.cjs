// socket.io over WebSocket alone. `node socket_io.cjs PORT`; every socket hears every body of POST /publish, as an object.
const { createServer } = require("node:http");
const { Server } = require("socket.io");

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    boards.emit("m", JSON.parse(Buffer.concat(parts)));
    response.writeHead(204).end();
  });
});
const boards = new Server(server, { transports: ["websocket"], perMessageDeflate: false });
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
