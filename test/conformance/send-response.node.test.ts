import {
  express5,
  fastify5,
  fastify5Http2,
  koa3,
  nodeHttp,
  nodeHttpCompressed,
} from "./hosts/send-response.ts";
import { testHost } from "./suite.ts";

testHost(nodeHttp);
testHost(express5);
testHost(fastify5);
testHost(fastify5Http2);
testHost(koa3);
testHost(nodeHttpCompressed);
