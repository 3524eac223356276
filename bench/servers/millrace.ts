import { serve } from "millrace/node";

import { announce } from "./control.ts";
import { millraceApp } from "./millrace-app.ts";

const server = await serve(millraceApp, { port: 0 });
announce(server.port);
