import type { AddressInfo } from "node:net";

import { serve } from "@hono/node-server";
import { Hono } from "hono";

import { announce } from "./control.ts";
import { millraceApp } from "./millrace-app.ts";

const app = new Hono();
app.all("*", (context) => millraceApp(context.req.raw));
const options = { fetch: app.fetch, port: 0, hostname: "127.0.0.1" };
serve(options, (address: AddressInfo) => announce(address.port));
