import { queryOptions, useQuery } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";

const aboutQuery = queryOptions({
  queryKey: ["about"],
  queryFn: () => data(api.GET("/api/v1/about")),
  staleTime: Infinity,
});

/** Where applications call, without `/v1`; empty until it is known. */
export function useGatewayUrl(): string {
  const url = useQuery(aboutQuery).data?.gateway_url;
  return url ? asReached(url, window.location.hostname) : "";
}

/** The server says where the gateway is as seen from its own machine. Who reached the console
 * under another name reaches the gateway under that name, too. */
export function asReached(url: string, consoleHost: string): string {
  const parsed = new URL(url);
  if (isLoopback(parsed.hostname) && !isLoopback(consoleHost)) parsed.hostname = consoleHost;
  return parsed.origin;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
