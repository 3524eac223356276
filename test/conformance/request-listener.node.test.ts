import { listenerOnHttp, listenerOnHttp2 } from "./hosts/request-listener.ts";
import { testHost } from "./suite.ts";

testHost(listenerOnHttp);
testHost(listenerOnHttp2);
