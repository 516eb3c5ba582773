/** A chat model to show a key's first call with: the first of `models` (`provider/model`) that its
 * limits allow; else a limit that names one model; empty where none is known. */
export function callableModel(allowed: readonly string[], models: readonly string[]): string {
  const able = models.filter(
    (model) => allowed.length === 0 || allowed.some((pattern) => fits(pattern, model)),
  );
  const chat = able.find((model) => !/embed/i.test(model));
  return chat ?? allowed.find((pattern) => !pattern.includes("*")) ?? able[0] ?? "";
}

/** Whether a limit takes in a model: named in full, without its provider, or by a pattern. */
function fits(pattern: string, model: string): boolean {
  const plain = model.slice(model.indexOf("/") + 1);
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  const shape = new RegExp(`^${escaped}$`);
  return shape.test(model) || shape.test(plain);
}
