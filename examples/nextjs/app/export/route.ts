import { StreamingHttpResponse } from "millrace";

/** A CSV file of 100,000 rows, made row by row while it is read. */
export function GET(): Response {
  return new StreamingHttpResponse(
    function* () {
      yield "order,amount\r\n";
      for (let order = 1; order <= 100_000; order++) yield `${order},${order % 997}.00\r\n`;
    },
    {
      contentType: "text/csv; charset=utf-8",
      headers: { "content-disposition": 'attachment; filename="orders.csv"' },
    },
  );
}
