import { chatModel } from "@/shared/exampleCalls";

/** Returns a model for example calls: a chat model of `models` (`provider/model`) that the key
 * allows, else an allowed name without a pattern, else an empty string. */
export function exampleModel(allowed: readonly string[], models: readonly string[]): string {
  const callable = models.filter(
    (model) => allowed.length === 0 || allowed.some((pattern) => matchesPattern(pattern, model)),
  );
  return chatModel(callable) ?? allowed.find((pattern) => !pattern.includes("*")) ?? "";
}

/** Whether `pattern` matches a model by full name or by name without its provider. */
function matchesPattern(pattern: string, model: string): boolean {
  const shortName = model.slice(model.indexOf("/") + 1);
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  const expression = new RegExp(`^${escaped}$`);
  return expression.test(model) || expression.test(shortName);
}
