/** An error with a stable code, such as `variable_missing`. */
export class PenstockError extends Error {
  constructor(code, message, hint = "") {
    super(hint ? `${message} ${hint}` : message);
    this.name = "PenstockError";
    this.code = code;
    this.hint = hint;
  }
}
