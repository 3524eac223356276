import { testRoads } from "./support/leaving.ts";
import { copyRoads, skip } from "./support/postgres.ts";

testRoads(copyRoads, skip);
