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
import { ToastProvider } from "@/shared/ui/Toasts";

/** Retries network errors and 5xx responses only: other errors would repeat. */
function shouldRetry(failures: number, error: Error): boolean {
  const transient = !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
  return transient && failures < 3;
}

const queries = new QueryClient({
  defaultOptions: { queries: { retry: shouldRetry, staleTime: 10_000 } },
});
const router = createConsoleRouter(queries);

followSystemTheme();
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root element.");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <ToastProvider>
        <RouterProvider router={router} />
      </ToastProvider>
    </QueryClientProvider>
  </StrictMode>,
);
