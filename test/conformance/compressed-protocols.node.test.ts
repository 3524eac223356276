import { compressed } from "./hosts/compressed.ts";
import { serveH2c, serveHttp10, serveHttps1, serveHttps2 } from "./hosts/serve.ts";
import { testHost } from "./suite.ts";

testHost(compressed(serveHttp10, "gzip"));
testHost(compressed(serveHttps1, "gzip"));
testHost(compressed(serveH2c, "gzip"));
testHost(compressed(serveHttps2, "gzip"));
