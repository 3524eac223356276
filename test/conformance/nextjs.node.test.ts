import { nextjs } from "./hosts/nextjs.ts";
import { testHost } from "./suite.ts";

testHost(nextjs);
