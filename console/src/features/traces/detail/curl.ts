import { attributeOf, type Span } from "@/features/traces/detail/queries";

const PATHS: Record<string, string> = {
  chat: "/v1/chat/completions",
  embeddings: "/v1/embeddings",
};

/** The call as a curl command. Keys are not stored, so it uses a shell variable. */
export function asCurl(span: Span, gatewayUrl: string): string {
  const path = PATHS[attributeOf(span, "gen_ai.operation.name")] ?? "/v1/chat/completions";
  return [
    `curl ${gatewayUrl}${path}`,
    `-H "Authorization: Bearer $GATEWAY_KEY"`,
    `-H "Content-Type: application/json"`,
    `-d ${shellQuote(span.request)}`,
  ].join(" \\\n  ");
}

/** Quotes text as one shell word. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
