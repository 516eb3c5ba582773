import { useState, type ChangeEvent, type SubmitEvent } from "react";

import { fieldError } from "@/shared/forms/fieldErrors";
import { invalidControls } from "@/shared/forms/validation";

type Name<Values> = Extract<keyof Values, string>;
type TextControl = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

interface FormOptions<Values, Input> {
  initial: Values;
  mutation: { mutate: (input: Input) => void; isPending: boolean; error: unknown };
  /** Converts the values to the mutation's input. */
  toInput: (values: Values) => Input;
  /** The API's parameter of each field that has another name there. */
  params?: Partial<Record<Name<Values>, string>>;
}

/** The state of a form. Each name in `values` must be shown as a field, because that field shows
 * the errors that the server reports for it. */
export interface FormState<Values> {
  values: Values;
  change(part: Partial<Values>): void;
  /** The properties of a text, select or text area field. */
  text(name: Name<Values>): {
    name: string;
    value: string;
    error: string | undefined;
    onChange: (event: ChangeEvent<TextControl>) => void;
  };
  /** The properties of a checkbox field. */
  checkbox(name: Name<Values>): {
    checked: boolean;
    error: string | undefined;
    onChange: (checked: boolean) => void;
  };
  /** The error of a field that shows more than one value. */
  errorOf(name: Name<Values>): string | undefined;
  /** Whether any of these fields has an error. */
  hasError(...names: Name<Values>[]): boolean;
  submit: (event: SubmitEvent<HTMLFormElement>) => void;
  busy: boolean;
  /** A server error that belongs to none of the fields. */
  error: unknown;
}

/** Keeps a form's values. Validates by the attributes of its controls (`required`, `minLength` …),
 * submits to a mutation, and assigns the server's errors to the fields. */
export function useForm<Values extends object, Input>(
  options: FormOptions<Values, Input>,
): FormState<Values> {
  const { initial, mutation, toInput, params = {} } = options;
  const [values, setValues] = useState(initial);
  const [invalid, setInvalid] = useState<Record<string, string>>({});
  const [edited, setEdited] = useState<readonly string[]>([]);
  const serverError = (name: Name<Values>) =>
    fieldError(mutation.error, (params as Record<string, string>)[name] ?? name);
  const errorOf = (name: Name<Values>) =>
    edited.includes(name) ? undefined : (invalid[name] ?? serverError(name));
  const change = (part: Partial<Values>) => {
    setValues({ ...values, ...part });
    setEdited([...edited, ...Object.keys(part)]);
  };
  const set = (name: Name<Values>, value: unknown) => change({ [name]: value } as Partial<Values>);
  const names = Object.keys(values) as Name<Values>[];
  return {
    values,
    change,
    text: (name) => ({
      name,
      value: String(values[name]),
      error: errorOf(name),
      onChange: (event) => set(name, event.target.value),
    }),
    checkbox: (name) => ({
      checked: Boolean(values[name]),
      error: errorOf(name),
      onChange: (checked) => set(name, checked),
    }),
    errorOf,
    hasError: (...some) => some.some((name) => errorOf(name) !== undefined),
    submit: (event) => {
      event.preventDefault();
      const controls = invalidControls(event.currentTarget);
      setInvalid(Object.fromEntries(controls.map((each) => [each.name, each.validationMessage])));
      setEdited([]);
      if (controls[0]) controls[0].focus();
      else mutation.mutate(toInput(values));
    },
    busy: mutation.isPending,
    error: names.some((name) => serverError(name) !== undefined) ? null : mutation.error,
  };
}
