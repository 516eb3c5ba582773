import createClient from "openapi-fetch";

import type { components, paths } from "@/shared/api/generated";

/** The schemas of the server's API by name, e.g. `Schemas["KeyView"]`. */
export type Schemas = components["schemas"];

/** What the server says when it refuses (RFC 9457). `hint` tells what to do. */
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

/** The CSRF token of the session; every mutation carries it. */
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
      detail: "The server does not answer.",
      hint: "Is Penstock running? This page tries again by itself.",
    });
  },
});

/** The data of an answer; throws `ApiError` for anything but success. */
export async function data<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ApiError(asProblem(error, response.status));
  return data as T;
}

function asProblem(error: unknown, status: number): Problem {
  if (typeof error === "object" && error !== null && "detail" in error && "code" in error) {
    return { ...(error as Problem), status };
  }
  return { status, code: "unexpected", detail: `The server answered with status ${status}.` };
}
