import { ApiError } from "@/shared/api/client";

/** The message for one field of a form, if the server's error names its parameter. */
export function fieldError(error: unknown, param: string): string | undefined {
  if (!(error instanceof ApiError) || !refersTo(error.param, param)) return undefined;
  const sentence = error.message.replace(/^body(\.\w+)*: /, "");
  return [capitalize(sentence), error.hint].filter(Boolean).join(" ");
}

function refersTo(param: string, field: string): boolean {
  return `${param}.`.startsWith(`${field}.`) || `${param}.`.startsWith(`body.${field}.`);
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
