import { testRoads } from "./support/leaving.ts";
import { roads, skip } from "./support/mysql.ts";

testRoads(roads, skip);
