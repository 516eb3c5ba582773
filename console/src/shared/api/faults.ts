import { ApiError } from "@/shared/api/client";

/** What is wrong with one field of a form, if the server's refusal names it. */
export function faultOf(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError) || !names(error.param, field)) return undefined;
  const sentence = error.message.replace(/^body(\.[\w]+)*: /, "");
  return [capital(sentence), error.hint].filter(Boolean).join(" ");
}

/** Whether the refusal is about none of these fields, and must be told elsewhere. */
export function isElsewhere(error: unknown, fields: readonly string[]): boolean {
  return Boolean(error) && !fields.some((field) => faultOf(error, field) !== undefined);
}

function names(param: string, field: string): boolean {
  return param === field || param === `body.${field}` || param.startsWith(`body.${field}.`);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
