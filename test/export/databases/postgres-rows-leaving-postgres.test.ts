import { testRoads } from "./support/leaving.ts";
import { sqlRowRoads, skip } from "./support/postgres.ts";

testRoads(sqlRowRoads, skip);
