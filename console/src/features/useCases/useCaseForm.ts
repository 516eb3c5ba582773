import type { NewUseCase, UseCaseChange } from "@/features/useCases/queries";
import type { UseCase } from "@/shared/releases/queries";

export interface CriterionForm {
  id: number;
  name: string;
  description: string;
  /** Empty: no bound. */
  at_least: string;
  at_most: string;
}

export interface EnvironmentForm {
  id: number;
  name: string;
  /** Who changes what runs here. */
  role: UseCase["environments"][number]["role"];
  protected: boolean;
  /** The kinds of evidence that a release needs here, separated by commas. */
  evidence: string;
}

/** The values of the form of a use case. */
export interface UseCaseForm {
  name: string;
  owner: string;
  purpose: string;
  intended_domain: string;
  intended_users: string;
  risk_tier: string;
  status: string;
  /** Separated by commas. */
  data_classes: string;
  criteria: CriterionForm[];
  environments: EnvironmentForm[];
}

export const EMPTY_USE_CASE: UseCaseForm = {
  name: "",
  owner: "",
  purpose: "",
  intended_domain: "",
  intended_users: "",
  risk_tier: "minimal",
  status: "draft",
  data_classes: "",
  criteria: [],
  environments: [
    { id: 0, name: "dev", role: "editor", protected: false, evidence: "" },
    { id: 1, name: "staging", role: "editor", protected: false, evidence: "" },
    { id: 2, name: "production", role: "admin", protected: true, evidence: "" },
  ],
};

export function formForUseCase(useCase: UseCase): UseCaseForm {
  const bound = (value: number | null) => (value === null ? "" : String(value));
  return {
    ...useCase,
    data_classes: useCase.data_classes.join(", "),
    criteria: useCase.criteria.map((each, id) => ({
      ...each,
      id,
      at_least: bound(each.at_least),
      at_most: bound(each.at_most),
    })),
    environments: useCase.environments.map((each, id) => ({
      ...each,
      id,
      evidence: each.evidence.join(", "),
    })),
  };
}

export function toNewUseCase(form: UseCaseForm): NewUseCase {
  return { name: form.name.trim(), ...toBody(form) };
}

/** A change of the version that the form was filled from. */
export function toUseCaseChange(form: UseCaseForm, version: number): UseCaseChange {
  return { ...toBody(form), version };
}

/** An id that no row of a list has. */
export function nextId(rows: readonly { id: number }[]): number {
  return Math.max(-1, ...rows.map(({ id }) => id)) + 1;
}

function toBody(form: UseCaseForm): Omit<NewUseCase, "name"> {
  const bound = (text: string) => (text.trim() === "" ? null : Number(text));
  return {
    owner: form.owner.trim(),
    purpose: form.purpose.trim(),
    intended_domain: form.intended_domain.trim(),
    intended_users: form.intended_users.trim(),
    risk_tier: form.risk_tier as UseCase["risk_tier"],
    status: form.status as UseCase["status"],
    data_classes: wordsOf(form.data_classes),
    criteria: form.criteria.map(({ name, description, at_least, at_most }) => ({
      name: name.trim(),
      description,
      at_least: bound(at_least),
      at_most: bound(at_most),
    })),
    environments: form.environments.map(({ name, role, protected: isProtected, evidence }) => ({
      name: name.trim(),
      role,
      protected: isProtected,
      evidence: wordsOf(evidence),
    })),
  };
}

function wordsOf(text: string): string[] {
  return text.split(",").flatMap((each) => each.trim() || []);
}
