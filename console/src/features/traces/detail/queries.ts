import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { callKeys } from "@/shared/calls/queries";
import { formatValue } from "@/shared/format/json";

export type Trace = Schemas["Trace"];
export type Span = Schemas["Span"];

/** An attribute as text; empty where the span has none. */
export function attributeOf(span: Span, name: string): string {
  const value: unknown = span.attributes[name];
  return value === undefined ? "" : formatValue(value);
}

/** All recorded details of a trace. */
export function traceQuery(projectId: string, traceId: string) {
  return queryOptions({
    queryKey: callKeys.trace(projectId, traceId),
    queryFn: () => {
      const params = { path: { trace_id: traceId }, query: { project_id: projectId } };
      return data(api.GET("/api/v1/traces/{trace_id}", { params }));
    },
    staleTime: 60_000,
  });
}
