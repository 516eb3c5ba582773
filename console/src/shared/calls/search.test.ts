import { describe, expect, it } from "vitest";

import { formatQueryString, parseQueryString } from "@/shared/queryString";
import { filterOf, isFiltered, parseCallSearch, queryOf, toggleValue } from "@/shared/calls/search";

describe("the call search", () => {
  it("stays the same through a query string", () => {
    const search = parseCallSearch({
      model: ["sim-large", "sim-small"],
      team: "support",
      errors_only: "true",
      cached_only: "true",
      q: "invoice & co",
      min_duration_ms: "1500",
      range: "7d",
    });
    expect(search).toEqual({
      model: ["sim-large", "sim-small"],
      team: ["support"],
      errors_only: true,
      cached_only: true,
      q: "invoice & co",
      min_duration_ms: 1500,
      range: "7d",
    });
    expect(parseCallSearch(parseQueryString(formatQueryString(search)))).toEqual(search);
  });

  it("ignores unknown and invalid parameters", () => {
    expect(parseCallSearch({ colour: "red", errors_only: "no", min_duration_ms: "-1" })).toEqual(
      {},
    );
    expect(formatQueryString({})).toBe("");
  });

  it("becomes an API query with bounds in place of a preset", () => {
    const now = Date.parse("2026-11-21T12:00:00Z");
    expect(queryOf({ range: "1h", team: ["support"] }, "prj_1", now)).toEqual({
      team: ["support"],
      from: "2026-11-21T11:00:00.000Z",
      to: "2026-11-21T12:00:00.000Z",
      project_id: "prj_1",
    });
  });

  it("toggles values", () => {
    const one = toggleValue({}, "model", "a");
    const two = toggleValue(one, "model", "b");
    expect(two).toEqual({ model: ["a", "b"] });
    expect(toggleValue(toggleValue(two, "model", "a"), "model", "b")).toEqual({});
  });

  it("reports whether any filter is set", () => {
    expect(isFiltered({ range: "7d" })).toBe(false);
    expect(isFiltered({ errors_only: true })).toBe(true);
    expect(filterOf({ range: "7d", q: "x" })).toEqual({ q: "x" });
  });
});
