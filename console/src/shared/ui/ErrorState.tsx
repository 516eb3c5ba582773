import { ApiError } from "@/shared/api/client";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Notice } from "@/shared/ui/Notice";

/** An error in place of content, with the server's message and hint. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div role="alert">
      <EmptyState
        title={titleOf(error)}
        action={onRetry && <Button onClick={onRetry}>Try again</Button>}
      >
        {errorText(error)}
      </EmptyState>
    </div>
  );
}

/** An error beside content: in forms, dialogs, toasts. */
export function ErrorNotice({ error, onClose }: { error: unknown; onClose?: () => void }) {
  return (
    <Notice tone="danger" {...(onClose && { onClose })}>
      {errorText(error)}
    </Notice>
  );
}

/** An error's message and hint in one line. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return [error.message, error.hint].filter(Boolean).join(" ");
  return error instanceof Error ? error.message : String(error);
}

function titleOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong";
  if (error.status === 403) return "Access denied";
  if (error.status === 404) return "Not found";
  if (error.status === 503) return "Not ready yet";
  return error.status === 0 ? "No connection" : "Request failed";
}
