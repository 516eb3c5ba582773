import { attributeOf, type Span } from "@/features/traces/detail/queries";

const PATHS: Record<string, string> = {
  chat: "/v1/chat/completions",
  embeddings: "/v1/embeddings",
};

/** The call again as a line for the shell. The key is not kept, so the line names a variable. */
export function asCurl(span: Span, gatewayUrl: string): string {
  const path = PATHS[attributeOf(span, "gen_ai.operation.name")] ?? "/v1/chat/completions";
  return [
    `curl ${gatewayUrl}${path}`,
    `-H "Authorization: Bearer $GATEWAY_KEY"`,
    `-H "Content-Type: application/json"`,
    `-d ${quoted(span.request)}`,
  ].join(" \\\n  ");
}

/** One word for the shell, whatever it holds. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
