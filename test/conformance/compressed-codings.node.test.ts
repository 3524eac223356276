import { compressed } from "./hosts/compressed.ts";
import { serveHttp1 } from "./hosts/serve.ts";
import { testHost } from "./suite.ts";

testHost(compressed(serveHttp1, "gzip"));
testHost(compressed(serveHttp1, "br"));
testHost(compressed(serveHttp1, "zstd"));
