import { testRoads } from "./support/leaving.ts";
import { pgCopyRoads, skip } from "./support/postgres.ts";

testRoads(pgCopyRoads, skip);
