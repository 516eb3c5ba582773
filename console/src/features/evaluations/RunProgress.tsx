import { isOpen, type Run } from "@/features/evaluations/queries";
import { formatCount } from "@/shared/format/number";

/** How many results a run has, of how many. */
export function RunProgress({ run }: { run: Run }) {
  const { done, total } = run.progress;
  const share = total ? done / total : 0;
  return (
    <span className="num inline-flex items-center gap-2 whitespace-nowrap">
      {isOpen(run) && (
        <span className="h-1.5 w-16 overflow-hidden rounded-sm bg-line">
          <span className="block h-full bg-accent" style={{ width: `${share * 100}%` }} />
        </span>
      )}
      <span>
        {formatCount(done)}
        {total !== null && <span className="text-ink-3"> of {formatCount(total)}</span>}
      </span>
    </span>
  );
}
