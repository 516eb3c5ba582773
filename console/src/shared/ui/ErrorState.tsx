import { ApiError } from "@/shared/api/client";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";

/** What went wrong and what to do about it, in the server's words. */
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

/** The same in one line, for forms. */
export function ErrorText({ error }: { error: unknown }) {
  const { message, hint } = wordsOf(error);
  return (
    <span>
      {message} {hint}
    </span>
  );
}

function wordsOf(error: unknown): { message: string; hint: string } {
  if (error instanceof ApiError) return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : String(error), hint: "" };
}

function titleOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong";
  if (error.status === 403) return "You may not see this";
  if (error.status === 404) return "There is nothing here";
  if (error.status === 503) return "Not ready yet";
  return error.status === 0 ? "No connection" : "That did not work";
}
