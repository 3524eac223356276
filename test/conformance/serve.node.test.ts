import { serveH2c, serveHttp1, serveHttp10, serveHttps1, serveHttps2 } from "./hosts/serve.ts";
import { testHost } from "./suite.ts";

testHost(serveHttp1);
testHost(serveHttp10);
testHost(serveHttps1);
testHost(serveH2c);
testHost(serveHttps2);
