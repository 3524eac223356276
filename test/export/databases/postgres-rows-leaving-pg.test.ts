import { testRoads } from "./support/leaving.ts";
import { pgRowRoads, skip } from "./support/postgres.ts";

testRoads(pgRowRoads, skip);
