import { attributeOf, type Span } from "@/features/traces/detail/queries";

/** The paths of the surfaces that have one path for all models, by wire format and operation. */
const PATHS: Record<string, Record<string, string>> = {
  openai: {
    chat: "/v1/chat/completions",
    text_completion: "/v1/completions",
    embeddings: "/v1/embeddings",
    moderation: "/v1/moderations",
  },
  // Requests with files are forms, whose files are not recorded.
  openai_media: { image_generation: "/v1/images/generations", speech: "/v1/audio/speech" },
  rerank: { rerank: "/v2/rerank" },
  classify: { classify: "/v1/classify" },
  anthropic: { chat: "/v1/messages", count_tokens: "/v1/messages/count_tokens" },
  responses: { chat: "/v1/responses" },
};

/** The call as a curl command; `null` if its path is not known. Keys are not stored, so it uses a
 * shell variable. */
export function asCurl(span: Span, gatewayUrl: string): string | null {
  const dialect = attributeOf(span, "penstock.dialect") || "openai";
  const path = PATHS[dialect]?.[attributeOf(span, "gen_ai.operation.name")];
  if (path === undefined) return null;
  return [
    `curl ${gatewayUrl}${path}`,
    `-H "Authorization: Bearer $GATEWAY_KEY"`,
    `-H "Content-Type: application/json"`,
    ...(dialect === "anthropic" ? [`-H "anthropic-version: 2023-06-01"`] : []),
    `-d ${shellQuote(span.request)}`,
  ].join(" \\\n  ");
}

/** Quotes text as one shell word. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
