// Node's ws: the broadcast of its README. `node ws.cjs PORT`; GET /ws hears every body of POST /publish.
const { createServer } = require("node:http");
const { WebSocketServer } = require("ws");

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    for (const client of boards.clients) client.send(body, { binary: false });
    response.writeHead(204).end();
  });
});
const boards = new WebSocketServer({ server, path: "/ws", perMessageDeflate: false });
boards.on("connection", (client) => client.on("error", () => client.terminate()));
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
