import { ApiError } from "@/shared/api/client";

/** The error message for one field of a form, if the server's error names that field. */
export function fieldError(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError) || !refersTo(error.param, field)) return undefined;
  const sentence = error.message.replace(/^body(\.[\w]+)*: /, "");
  return [capitalize(sentence), error.hint].filter(Boolean).join(" ");
}

/** Whether there is an error that belongs to none of these fields. */
export function hasFormError(error: unknown, fields: readonly string[]): boolean {
  return Boolean(error) && !fields.some((field) => fieldError(error, field) !== undefined);
}

function refersTo(param: string, field: string): boolean {
  return param === field || param === `body.${field}` || param.startsWith(`body.${field}.`);
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
