import { attributeOf, type Span } from "@/features/traces/detail/queries";

/** One request of a call to a provider. */
export interface Attempt {
  span: Span;
  provider: string;
  model: string;
  /** The name of the credential; empty if the provider has one only. */
  credential: string;
}

/** The attempts of a call in their order. The call has the names of their credentials. */
export function attemptsOf(call: Span, spans: readonly Span[]): Attempt[] {
  const names: unknown = call.attributes["penstock.credentials"];
  const credentials: unknown[] = Array.isArray(names) ? names : [];
  return spans
    .filter((span) => span.kind === "attempt" && span.parent_span_id === call.span_id)
    .sort((one, other) => one.start.localeCompare(other.start))
    .map((span, index) => {
      const credential = credentials[index];
      return {
        span,
        provider: attributeOf(span, "gen_ai.provider.name"),
        model: attributeOf(span, "penstock.model"),
        credential: typeof credential === "string" ? credential : "",
      };
    });
}
