import { useRestorePrompt, type Prompt } from "@/features/prompts/queries";
import { Button } from "@/shared/ui/Button";

/** Says that a prompt is removed; editors restore it here. */
export function RemovedNotice({ prompt, canWrite }: { prompt: Prompt; canWrite: boolean }) {
  const restore = useRestorePrompt(prompt.id);
  return (
    <div role="status" className="mb-4 flex flex-wrap items-center gap-3 text-sm text-ink-2">
      <span>
        This prompt is removed: nobody gets it by its name. Releases and recorded calls keep its
        versions.
      </span>
      {canWrite && (
        <Button busy={restore.isPending} onClick={() => restore.mutate()}>
          Restore
        </Button>
      )}
    </div>
  );
}
