import { describe, expect, it } from "vitest";

import { prettyJson } from "@/shared/format/json";
import {
  formatExactMoney,
  formatFixedMoney,
  formatMoney,
  moneyDecimals,
} from "@/shared/format/money";
import {
  formatBytes,
  formatChange,
  formatCount,
  formatShare,
  formatCompactCount,
} from "@/shared/format/number";
import {
  formatAgo,
  formatClock,
  formatDate,
  formatDuration,
  formatRange,
} from "@/shared/format/time";

describe("money", () => {
  it.each([
    ["0", "$0"],
    ["0.000000000000", "$0"],
    ["12.3", "$12.30"],
    ["0.1", "$0.10"],
    ["0.0123", "$0.0123"],
    ["0.0005", "$0.000500"],
    ["0.000123456", "$0.000123"],
    ["0.00000615", "$0.00000615"],
    ["0.00000038", "$0.00000038"],
    ["0.000000001", "<$0.00000001"],
    ["1234.56", "$1,235"],
  ])("%s is shown as %s", (amount, shown) => {
    expect(formatMoney(amount)).toBe(shown);
  });

  it("has equal decimals in a column, by its largest amount", () => {
    const column = ["0.0654", "0.00317", "0.0000163", "0"];
    const decimals = moneyDecimals(column);
    expect(column.map((amount) => formatFixedMoney(amount, decimals))).toEqual([
      "$0.0654",
      "$0.0032",
      "<$0.0001",
      "$0.0000",
    ]);
    expect(moneyDecimals([])).toBe(2);
    expect(moneyDecimals(["0.4"])).toBe(4);
    expect(moneyDecimals(["0.00317"])).toBe(5);
    expect(moneyDecimals(["12", "0.001"])).toBe(2);
    expect(formatFixedMoney("1234.5", moneyDecimals(["1234.5"]))).toBe("$1,235");
  });

  it("can be shown exactly", () => {
    expect(formatExactMoney("0.000012300000")).toBe("$0.0000123");
    expect(formatExactMoney("2.000000000000")).toBe("$2");
    expect(formatExactMoney("2.5")).toBe("$2.50");
  });
});

describe("durations", () => {
  it.each([
    [0.42, "0.42 ms"],
    [3.14, "3.1 ms"],
    [32.4, "32 ms"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [1236, "1.24 s"],
    [125_000, "2 m 05 s"],
    [3_720_000, "1 h 02 m"],
  ])("%d ms is shown as %s", (ms, shown) => {
    expect(formatDuration(ms)).toBe(shown);
  });
});

describe("times", () => {
  const now = new Date(2026, 10, 21, 12, 0, 0).getTime();
  it.each([
    [0, "now"],
    [12_000, "12s ago"],
    [5 * 60_000, "5m ago"],
    [3 * 3_600_000, "3h ago"],
    [2 * 86_400_000, "2d ago"],
    [-5 * 60_000, "in 5m"],
  ])("%d ms before now is %s", (before, shown) => {
    expect(formatAgo(now - before, now)).toBe(shown);
  });

  it("of a range omit what both ends share", () => {
    const at = (hour: number, second = 0, day = 21) => new Date(2026, 10, day, hour, 0, second);
    expect(formatRange(at(3), at(5))).toBe("2026-11-21 03:00 – 05:00");
    expect(formatRange(at(3), at(3, 30))).toBe("2026-11-21 03:00:00 – 03:00:30");
    expect(formatRange(at(3), at(3, 0, 22))).toBe("2026-11-21 03:00 – 2026-11-22 03:00");
  });

  it("are dates when more than 30 days ago", () => {
    expect(formatAgo(new Date(2026, 0, 2), now)).toBe("2026-01-02");
    expect(formatDate(now)).toBe("2026-11-21");
    expect(formatClock(now + 7)).toBe("12:00:00.007");
  });
});

describe("numbers", () => {
  it("are grouped, and compact above 10,000", () => {
    expect(formatCount(1234567)).toBe("1,234,567");
    expect(formatCompactCount(9999)).toBe("9,999");
    expect(formatCompactCount(12_345)).toBe("12.3K");
    expect(formatCompactCount(4_560_000)).toBe("4.56M");
  });

  it("format shares and changes", () => {
    expect(formatShare(0)).toBe("0%");
    expect(formatShare(0.0004)).toBe("<0.1%");
    expect(formatShare(0.042)).toBe("4.2%");
    expect(formatShare(0.5)).toBe("50%");
    expect(formatChange(110, 100)).toBe("+10%");
    expect(formatChange(90, 100)).toBe("−10%");
    expect(formatChange(100, 100)).toBe("±0%");
    expect(formatChange(5, 0)).toBe("");
    expect(formatChange(5000, 1)).toBe(">+999%");
  });

  it("format sizes", () => {
    expect(formatBytes(512)).toBe("512 B");
    expect(formatBytes(1234)).toBe("1.2 kB");
    expect(formatBytes(2_500_000)).toBe("2.5 MB");
  });
});

describe("JSON", () => {
  it("is indented; other text stays unchanged", () => {
    expect(prettyJson('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(prettyJson("data: x")).toBe("data: x");
  });
});
