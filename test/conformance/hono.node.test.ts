import { compressed } from "./hosts/compressed.ts";
import { honoOnListener, honoOnNodeServer } from "./hosts/hono.ts";
import { testHost } from "./suite.ts";

testHost(honoOnNodeServer);
testHost(honoOnListener);
testHost(compressed(honoOnNodeServer, "gzip"));
