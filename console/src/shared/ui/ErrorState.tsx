import { ApiError } from "@/shared/api/client";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";

/** An error in place of content, with the server's message and hint. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div role="alert">
      <EmptyState
        title={titleOf(error)}
        action={onRetry && <Button onClick={onRetry}>Try again</Button>}
      >
        <ErrorText error={error} />
      </EmptyState>
    </div>
  );
}

/** An error's message and hint in one line. */
export function ErrorText({ error }: { error: unknown }) {
  const { message, hint } = textsOf(error);
  return (
    <span>
      {message} {hint}
    </span>
  );
}

function textsOf(error: unknown): { message: string; hint: string } {
  if (error instanceof ApiError) return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : String(error), hint: "" };
}

function titleOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong";
  if (error.status === 403) return "Access denied";
  if (error.status === 404) return "Not found";
  if (error.status === 503) return "Not ready yet";
  return error.status === 0 ? "No connection" : "Request failed";
}
