import createClient from "openapi-fetch";

import type { components, paths } from "@/shared/api/generated";

/** The schemas of the server's API by name, e.g. `Schemas["KeyView"]`. */
export type Schemas = components["schemas"];

/** An error response of the API (RFC 9457). `hint` says how to fix it. */
interface Problem {
  status: number;
  detail: string;
  code: string;
  hint?: string;
  param?: string | null;
}

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  readonly param: string;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "ApiError";
    this.status = problem.status;
    this.code = problem.code;
    this.hint = problem.hint ?? "";
    this.param = problem.param ?? "";
  }
}

/** The CSRF token of the session, sent with every request that changes something. */
const csrf = { token: "" };

export function rememberCsrfToken(token: string | null): void {
  csrf.token = token ?? "";
}

export const api = createClient<paths>({
  baseUrl: "/",
  querySerializer: { array: { style: "form", explode: true } },
});

api.use({
  onRequest({ request }) {
    if (csrf.token && request.method !== "GET") request.headers.set("x-csrf-token", csrf.token);
    return request;
  },
  onError() {
    return new ApiError({
      status: 0,
      code: "unreachable",
      detail: "Cannot reach the server.",
      hint: "Check that Penstock is running. This page retries automatically.",
    });
  },
});

/** Returns the data of a response. Throws `ApiError` unless it succeeded. */
export async function data<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ApiError(toProblem(error, response.status));
  return data as T;
}

function toProblem(error: unknown, status: number): Problem {
  if (typeof error === "object" && error !== null && "detail" in error && "code" in error) {
    return { ...(error as Problem), status };
  }
  return { status, code: "unexpected", detail: `The server responded with status ${status}.` };
}
