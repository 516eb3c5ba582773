import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "@/app/theme.css";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { createConsoleRouter } from "@/app/router";
import { ApiError } from "@/shared/api/client";
import { followSystemTheme } from "@/shared/theme";

/** Refusals stay refusals: only what may pass by itself is tried again. */
function mayPass(failures: number, error: Error): boolean {
  const passing = !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
  return passing && failures < 3;
}

const queries = new QueryClient({
  defaultOptions: { queries: { retry: mayPass, staleTime: 10_000 } },
});
const router = createConsoleRouter(queries);

followSystemTheme();
const root = document.getElementById("root");
if (!root) throw new Error("The page has no root.");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
