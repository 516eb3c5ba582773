import { queryOptions, useQuery } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";

const aboutQuery = queryOptions({
  queryKey: ["about"],
  queryFn: () => data(api.GET("/api/v1/about")),
  staleTime: Infinity,
});

/** The gateway's base URL without `/v1`; empty while loading. */
export function useGatewayUrl(): string {
  const url = useQuery(aboutQuery).data?.gateway_url;
  return url ? reachableUrl(url, window.location.hostname) : "";
}

/** Replaces a loopback host in the gateway's URL by the console's host, because the server reports
 * the URL as seen from its own machine. */
export function reachableUrl(url: string, consoleHost: string): string {
  const parsed = new URL(url);
  if (isLoopback(parsed.hostname) && !isLoopback(consoleHost)) parsed.hostname = consoleHost;
  return parsed.origin;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
