import { testRoads } from "./support/leaving.ts";
import { sqlCopyRoads, skip } from "./support/postgres.ts";

testRoads(sqlCopyRoads, skip);
