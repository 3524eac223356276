export { fetch as GET } from "../../../../app.ts";
