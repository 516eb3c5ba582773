type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** The controls of a form that violate their attributes, such as `required`. */
export function invalidControls(form: HTMLFormElement): Control[] {
  return [...form.elements].filter(isControl).filter((control) => !control.validity.valid);
}

function isControl(element: Element): element is Control {
  return /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName);
}
