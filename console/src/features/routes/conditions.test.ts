import { describe, expect, it } from "vitest";

import { conditionText, readCondition } from "@/features/routes/conditions";

const WHEN = {
  only: { team: ["a b", "c,d", "50%"], "tag:tier": ["gold"] },
  headers: { "x-plan": ["pro", "free"] },
  languages: ["de", "fr"],
  code: ["any"],
  media: ["image"],
  min_tokens: 10,
  max_tokens: 9000,
};

describe("the words of a condition", () => {
  it("say it all, and are read again", () => {
    expect(conditionText(WHEN)).toBe(
      "language:de,fr code:any media:image min_tokens:10 max_tokens:9000 header.x-plan:pro,free " +
        "team:a%20b,c%2Cd,50%25 tag.tier:gold",
    );
    expect(readCondition(conditionText(WHEN))).toEqual(WHEN);
  });

  it("are none without a condition", () => {
    expect(conditionText(null)).toBe("");
    expect(readCondition("  ")).toBeNull();
  });

  it("that say nothing known are sent, so that the server names them", () => {
    expect(readCondition("german")?.only).toEqual({ german: [""] });
    expect(readCondition("min_tokens:many")?.min_tokens).toBeNaN();
  });
});
