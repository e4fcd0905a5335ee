// @ts-check
import { delayMs } from "/static/board/backoff.js";
import { Feed } from "/static/board/feed.js";
import { equal, ok, test } from "./check.mjs";

/** A feed whose sockets are puppets, with a clock that stands still unless told. */
class Stage {
  sockets = [];
  frames = [];
  tokens = ["t1", "t2", "t3"];
  renewed = 0;
  nowMs = 0;

  constructor(given = {}) {
    this.feed = new Feed({
      path: "/ws/shops/corner",
      take: (frame) => this.frames.push(frame),
      open: (url, protocols) => this.open(new URL(url), protocols),
      now: () => this.nowMs,
      random: () => 0,
      ...given,
    });
  }

  open(url, protocols) {
    const socket = { url, protocols, sent: [], isClosed: false, send: (text) => socket.sent.push(JSON.parse(text)), close: () => (socket.isClosed = true) };
    this.sockets.push(socket);
    return socket;
  }

  /** The newest socket, once there are so many. */
  async socket(count) {
    for (let turn = 0; turn < 200 && this.sockets.length < count; turn += 1) await pass();
    equal(this.sockets.length, count);
    return this.sockets[count - 1];
  }

  async begin() {
    await this.feed.start();
    const socket = await this.socket(1);
    socket.onopen();
    say(socket, { type: "snapshot", epoch: "e", seq: 5 });
    say(socket, { type: "beat", seq: 5, head: 5 });
    return socket;
  }
}

function pass() {
  return new Promise((resolve) => setTimeout(resolve, 2));
}

function say(socket, frame) {
  socket.onmessage({ data: JSON.stringify(frame) });
}

function signedIn() {
  const stage = new Stage({
    token: async () => stage.tokens[0],
    renew: async () => ((stage.renewed += 1), stage.tokens.shift(), stage.tokens[0] ?? null),
  });
  return stage;
}

test("the wait before coming back is random, doubles, and is never above 20 seconds", () => {
  equal([0, 1, 2, 5, 6, 60].map((attempt) => delayMs(attempt, () => 1)), [500, 1000, 2000, 16_000, 20_000, 20_000]);
  equal(delayMs(4, () => 0), 0);
});

test("the token goes as a subprotocol and never into the address", async () => {
  const socket = await signedIn().begin();

  equal(socket.protocols, ["orderflow.v1", "bearer.t1"]);
  equal(socket.url.search, "");
});

test("a public channel is asked for without a token", async () => {
  equal((await new Stage().begin()).protocols, ["orderflow.v1"]);
});

for (const code of [1001, 1006, 1011, 1012, 1013, 4408, 4429]) {
  test(`after close code ${code} the page comes back and resumes where it was`, async () => {
    const stage = new Stage();
    const first = await stage.begin();
    say(first, { type: "order", seq: 6 });
    say(first, { type: "beat", seq: 8, head: 8 });

    first.onclose({ code });
    const second = await stage.socket(2);

    equal([second.url.searchParams.get("after"), second.url.searchParams.get("epoch")], ["8", "e"]);
  });
}

for (const [code, reason] of [[4400, "refused"], [4403, "forbidden"], [4404, "unknown"]]) {
  test(`after close code ${code} the page stays away`, async () => {
    const stage = new Stage();

    (await stage.begin()).onclose({ code });
    for (let turn = 0; turn < 10; turn += 1) await pass();

    equal([stage.feed.phase, stage.feed.reason, stage.sockets.length], ["stopped", reason, 1]);
  });
}

test("a refused token is renewed before the page comes back", async () => {
  const stage = signedIn();

  (await stage.begin()).onclose({ code: 4401 });
  const second = await stage.socket(2);

  equal([second.protocols[1], stage.renewed], ["bearer.t2", 1]);
});

test("who is signed out is not asked for again and again", async () => {
  const stage = signedIn();
  stage.tokens = ["t1"];

  (await stage.begin()).onclose({ code: 4401 });
  for (let turn = 0; turn < 10; turn += 1) await pass();

  equal([stage.feed.phase, stage.feed.reason, stage.sockets.length], ["stopped", "signed_out", 1]);
});

test("a new token is shown on the open socket, once", async () => {
  const stage = signedIn();
  const socket = await stage.begin();
  stage.tokens = ["t2"];

  await stage.feed.authenticate();
  await stage.feed.authenticate();

  equal(socket.sent, [{ type: "auth", token: "t2" }]);
});

test("a socket that has died in silence is replaced when the tab wakes up", async () => {
  const stage = new Stage();
  const first = await stage.begin();

  stage.nowMs = 21_000;
  stage.feed.check();
  equal(stage.sockets.length, 1);

  stage.nowMs = 23_000;
  stage.feed.check();
  const second = await stage.socket(2);
  equal([first.isClosed, second.url.searchParams.get("after")], [true, "5"]);
});

test("a socket that withholds what its last beat promised is replaced", async () => {
  const stage = new Stage();
  const first = await stage.begin();

  say(first, { type: "beat", seq: 5, head: 9 });
  equal(stage.sockets.length, 1);
  say(first, { type: "beat", seq: 8, head: 9 });

  equal((await stage.socket(2)).url.searchParams.get("after"), "8");
});

test("frames of a socket that was given up are not heard", async () => {
  const stage = new Stage();
  const first = await stage.begin();
  const late = first.onmessage;

  first.onclose({ code: 1006 });
  await stage.socket(2);

  equal([typeof late, first.onmessage], ["function", null]);
});

test("a server that is away when a token is needed is asked again", async () => {
  let asked = 0;
  const stage = new Stage({ token: async () => ((asked += 1) < 3 ? Promise.reject(new Error("away")) : "t1") });

  await stage.feed.start();

  equal((await stage.socket(1)).protocols[1], "bearer.t1");
});

test("what is no JSON, and frames without a type, are ignored", async () => {
  const stage = new Stage();
  const socket = await stage.begin();

  for (const data of ["", "{", "null", "7", "{}", '{"type": 7}']) socket.onmessage({ data });

  ok(stage.frames.length === 2 && stage.feed.phase === "open");
});
