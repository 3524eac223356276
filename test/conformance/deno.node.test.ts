import { describe } from "node:test";

import { runtime } from "../support/runtime.ts";
import { compressed } from "./hosts/compressed.ts";
import { deno, denoHttp2 } from "./hosts/deno.ts";
import { testHost } from "./suite.ts";

const { skip } = runtime("deno");

describe("on Deno", { skip }, () => {
  if (skip !== false) return;
  testHost(deno);
  testHost(denoHttp2);
  testHost(compressed(deno, "gzip"));
});
