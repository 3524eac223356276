import { columns, orders } from "../rows.ts";
import { nodeServer, write } from "./node-server.ts";

const FULL = 64 * 1024;
const special = /[",\r\n]/;
const constant = Buffer.alloc(FULL, "x");

const quote = (text: string) => (special.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

// What one writes by hand: strings joined to 64 KiB. And what cannot be beaten: bytes that are there already.
nodeServer(async (count, res, path) => {
  let text = `${columns.join(",")}\r\n`;
  if (path === "/ndjson") text = "";
  if (path === "/nothing") {
    for (let left = count * 130; left > 0; left -= FULL) await write(res, constant);
    res.end();
    return;
  }
  for (const order of orders(count)) {
    if (path === "/ndjson") text += `${JSON.stringify(order)}\n`;
    else text += `${columns.map((column) => quote(String(order[column]))).join(",")}\r\n`;
    if (text.length < FULL) continue;
    await write(res, Buffer.from(text));
    text = "";
  }
  res.end(text);
});
