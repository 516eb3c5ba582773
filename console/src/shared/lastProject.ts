const KEY = "penstock.project";

/** The project last opened in this browser. */
export function lastProject(): string | null {
  return localStorage.getItem(KEY);
}

export function rememberProject(projectId: string): void {
  localStorage.setItem(KEY, projectId);
}
