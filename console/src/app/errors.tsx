import { Link, useRouter, type ErrorComponentProps } from "@tanstack/react-router";

import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <main className="grid h-full place-items-center">
      <ErrorState error={error} onRetry={retry} />
    </main>
  );
}

export function NotFoundPage() {
  return (
    <main className="grid h-full place-items-center">
      <EmptyState
        title="Page not found"
        action={
          <Link to="/" className="text-sm font-medium text-accent hover:underline">
            Go to the overview
          </Link>
        }
      >
        Check the address. The item may have been deleted.
      </EmptyState>
    </main>
  );
}
