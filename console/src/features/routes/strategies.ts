interface Strategy {
  value: string;
  name: string;
  /** Which target gets a call. */
  sentence: string;
  /** Whether weights are shares of the calls. */
  shares: boolean;
}

/** How a route chooses among targets that go at the same time. */
export const STRATEGIES: readonly Strategy[] = [
  {
    value: "weighted",
    name: "Weighted",
    sentence: "Each target gets its share of the calls, at random.",
    shares: true,
  },
  {
    value: "least_busy",
    name: "Least busy",
    sentence: "The target with the fewest calls in progress for its share.",
    shares: true,
  },
  {
    value: "lowest_latency",
    name: "Lowest latency",
    sentence: "The faster of two random targets, by their recent time to the first token.",
    shares: false,
  },
  {
    value: "lowest_cost",
    name: "Lowest cost",
    sentence: "The target with the lowest price of this call.",
    shares: false,
  },
  {
    value: "lowest_usage",
    name: "Lowest usage",
    sentence: "The target with the fewest tokens of the last minute for its share.",
    shares: true,
  },
  {
    value: "sticky",
    name: "Sticky",
    sentence:
      "Calls of the same session, user or prompt beginning go to the same target, which keeps its cache warm.",
    shares: true,
  },
];

/** The strategy of this name. One of a plugin has its name only. */
export function strategyOf(value: string): Strategy {
  const found = STRATEGIES.find((each) => each.value === value);
  return found ?? { value, name: value, sentence: "A strategy of a plugin.", shares: true };
}

/** Why an attempt failed, and what the route tries then. */
export const CAUSES = [
  {
    value: "context_length",
    name: "Context length",
    sentence: "the request is too long for the model",
  },
  {
    value: "content_filter",
    name: "Content filter",
    sentence: "the provider’s filter rejected it",
  },
  { value: "rate_limit", name: "Rate limit", sentence: "the provider answered 429" },
  {
    value: "unavailable",
    name: "Unavailable",
    sentence: "no connection, a time limit, 5xx, or a broken answer",
  },
  {
    value: "credential",
    name: "Credential",
    sentence: "the provider answered 401, 402 or 403",
  },
  {
    value: "unsupported",
    name: "Unsupported",
    sentence: "the model cannot take such a request",
  },
  {
    value: "full",
    name: "Full",
    sentence: "the other targets have as many calls at once as they may have",
  },
] as const;

export type Cause = (typeof CAUSES)[number]["value"];

export function causeName(value: string): string {
  return CAUSES.find((each) => each.value === value)?.name ?? value;
}
