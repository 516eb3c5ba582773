import { describe, expect, it } from "vitest";

import { boundsOf, isLive, parseRange } from "@/shared/timeRange";

const NOW = Date.parse("2026-11-21T12:00:00.000Z");

describe("time ranges", () => {
  it("can be presets that end now", () => {
    const range = parseRange({ range: "1h" });
    expect(boundsOf(range, NOW)).toEqual({
      from: "2026-11-21T11:00:00.000Z",
      to: "2026-11-21T12:00:00.000Z",
    });
    expect(isLive(range)).toBe(true);
  });

  it("default to 24 hours without a valid range", () => {
    expect(parseRange({ range: "a while" })).toEqual({});
    expect(boundsOf({}, NOW).from).toBe("2026-11-20T12:00:00.000Z");
  });

  it("keep a selected range, also the default one", () => {
    expect(parseRange({ range: "24h" })).toEqual({ range: "24h" });
  });

  it("are fixed if both bounds are given", () => {
    const range = parseRange({ from: "2026-11-20T00:00:00Z", to: "2026-11-20T01:00:00Z" });
    expect(boundsOf(range, NOW).to).toBe("2026-11-20T01:00:00.000Z");
    expect(isLive(range)).toBe(false);
  });

  it("never end before they start", () => {
    expect(parseRange({ from: "2026-11-20T02:00:00Z", to: "2026-11-20T01:00:00Z" })).toEqual({});
  });
});
