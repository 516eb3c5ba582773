import { STATUSES } from "@/features/useCases/words";
import { hasWords } from "@/shared/format/words";

/** The search parameters of the list of use cases. */
export interface UseCasesSearch {
  q?: string | undefined;
  status?: (typeof STATUSES)[number]["value"] | undefined;
}

export function parseUseCasesSearch(search: Record<string, unknown>): UseCasesSearch {
  const status = STATUSES.find(({ value }) => value === search["status"]);
  return {
    ...(typeof search["q"] === "string" && search["q"] ? { q: search["q"] } : {}),
    ...(status ? { status: status.value } : {}),
  };
}

interface Searched {
  name: string;
  owner: string;
  purpose: string;
  status: string;
}

/** Whether a use case matches the search: all words occur in its name, owner or purpose. */
export function matchesSearch(useCase: Searched, { q = "", status }: UseCasesSearch): boolean {
  const text = [useCase.name, useCase.owner, useCase.purpose].join(" ");
  return (!status || useCase.status === status) && hasWords(text, q);
}
