import { compressed } from "./hosts/compressed.ts";
import { h3OnListener, h3OnSrvx } from "./hosts/h3.ts";
import { testHost } from "./suite.ts";

testHost(h3OnSrvx);
testHost(h3OnListener);
testHost(compressed(h3OnSrvx, "gzip"));
