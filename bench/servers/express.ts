import type { AddressInfo } from "node:net";
import { pipeline, Readable } from "node:stream";

import express from "express";

import { announce } from "./control.ts";
import { contentType, page, views } from "./views.ts";

const app = express();
app.get("/", (_req, res) => void res.send(page));
for (const [path, view] of Object.entries(views)) {
  app.get(path, (req, res) => {
    const query = new URLSearchParams(req.query as Record<string, string>); // the queries here are flat
    res.type(contentType);
    pipeline(Readable.from(view(query)), res, () => {});
  });
}
const server = app.listen(0, "127.0.0.1", () => {
  announce((server.address() as AddressInfo).port); // it listens on a port
});
