import type { Server } from "millrace/node";

import { frame, framesIn, frameTypes, preface, type Frame } from "./frames.ts";
import { RawClient } from "./raw-client.ts";

/** A client that speaks HTTP/2 without TLS and answers nothing by itself: no PING, no SETTINGS, no window. */
export class RawSession implements Disposable {
  readonly client: RawClient;

  private constructor(client: RawClient) {
    this.client = client;
  }

  static async open(server: Pick<Server, "port">, settings?: Buffer): Promise<RawSession> {
    const session = new RawSession(await RawClient.open(server.port));
    session.send(preface, frame("settings", 0, 0, settings));
    return session;
  }

  send(...frames: Buffer[]): void {
    this.client.socket.write(Buffer.concat(frames));
  }

  /** What the server has sent so far. */
  get frames(): Frame[] {
    return framesIn(Buffer.from(this.client.text, "latin1"));
  }

  /** The error code of its GOAWAY; undefined before there is one. */
  get goaway(): number | undefined {
    return this.frames.findLast(({ type }) => type === frameTypes.goaway)?.payload.readUInt32BE(4);
  }

  /** Whether the server has ended a stream well. */
  hasEnded(stream: number): boolean {
    const isEnd = (type: number) => type === frameTypes.data || type === frameTypes.headers;
    return this.frames.some((each) => each.stream === stream && isEnd(each.type) && each.flags & 1);
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
  }
}
