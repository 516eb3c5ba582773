import type { Span } from "@/features/traces/detail/queries";

const SHOWN = /^data:image\/(png|jpeg|gif|webp);base64,/;

/** Returns the inline image at a pointer into a payload of the span (`request:#/…`) as a `data:`
 * URL; `null` for other media. Images of other hosts are never loaded. */
export function inlineImage(span: Span, uri: string, mimeType = ""): string | null {
  const [side, pointer] = uri.split("#", 2);
  if ((side !== "request:" && side !== "response:") || !pointer) return null;
  const found = at(parsed(side === "request:" ? span.request : span.response), pointer);
  if (typeof found !== "string") return null;
  const url = found.startsWith("data:") ? found : `data:${mimeType};base64,${found}`;
  return SHOWN.test(url) ? url : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The value at a JSON pointer (RFC 6901). */
function at(value: unknown, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (found, step) =>
        typeof found === "object" && found !== null
          ? (found as Record<string, unknown>)[step]
          : undefined,
      value,
    );
}
