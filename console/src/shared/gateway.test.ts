import { expect, it } from "vitest";

import { reachableUrl } from "@/shared/gateway";

it.each([
  ["http://127.0.0.1:5000", "localhost", "http://127.0.0.1:5000"],
  ["http://127.0.0.1:5000", "box.example", "http://box.example:5000"],
  ["https://gateway.example", "box.example", "https://gateway.example"],
])("%s in a console at %s becomes %s", (url, host, reached) => {
  expect(reachableUrl(url, host)).toBe(reached);
});
