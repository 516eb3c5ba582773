import { chatModel } from "@/shared/firstCall";

/** A model to show a key's first call with: of `models` (`provider/model`) one that its limits
 * allow and that chats; else a limit that names one model; empty where none is known. */
export function callableModel(allowed: readonly string[], models: readonly string[]): string {
  const able = models.filter(
    (model) => allowed.length === 0 || allowed.some((pattern) => fits(pattern, model)),
  );
  return chatModel(able) ?? allowed.find((pattern) => !pattern.includes("*")) ?? "";
}

/** Whether a limit takes in a model: named in full, without its provider, or by a pattern. */
function fits(pattern: string, model: string): boolean {
  const plain = model.slice(model.indexOf("/") + 1);
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  const shape = new RegExp(`^${escaped}$`);
  return shape.test(model) || shape.test(plain);
}
