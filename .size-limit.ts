import { builtinModules } from "node:module";

const builtins = builtinModules.map((name) => (name.startsWith("node:") ? name : `node:${name}`));

/** What a bundle of each subpath weighs, minified and brotlied, without Node's own modules and our dependencies. */
export default [
  { name: "millrace", path: "dist/index.js", limit: "8 kB" },
  {
    name: "millrace/compress",
    path: "dist/compress.js",
    ignore: [...builtins, "negotiator"],
    limit: "12 kB",
  },
  {
    name: "millrace/export",
    path: "dist/export.js",
    ignore: [...builtins, "content-disposition", "hyparquet-writer", "mime-types", "negotiator"],
    limit: "36 kB",
  },
  { name: "millrace/node", path: "dist/node.js", ignore: [...builtins, "srvx"], limit: "14 kB" },
];
