export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [member: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that a text is, or why it is none. */
export function parseBody(text: string): JsonObject | Error {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : new Error("The body must be a JSON object.");
  } catch (error) {
    return error instanceof Error ? error : new Error("The body is not JSON.");
  }
}

export function write(body: JsonObject): string {
  return JSON.stringify(body, null, 2);
}
