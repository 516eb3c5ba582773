import { ArrowDown, ArrowUp, Plus } from "lucide-react";

import { addTarget, swapPriorities } from "@/features/routes/routeForm";
import { TargetRow } from "@/features/routes/TargetRow";
import type { TargetsContext } from "@/features/routes/TargetsField";
import { IconButton } from "@/shared/ui/Button";

interface StageFieldProps {
  name: string;
  priority: number;
  /** The priorities of the stages around it. */
  before: number | undefined;
  after: number | undefined;
  context: TargetsContext;
}

/** The targets of one priority. */
export function StageField({ name, priority, before, after, context }: StageFieldProps) {
  const { targets, onChange } = context;
  const here = targets.filter(
    (target) => target.after.length === 0 && target.priority === priority,
  );
  const total = here.reduce((sum, { weight }) => sum + Number(weight), 0);
  const move = (to: number) => onChange(swapPriorities(targets, priority, to));
  return (
    <section aria-label={name} className="rounded-lg border border-line p-3">
      <header className="mb-2 flex h-6 items-center gap-1">
        <h3 className="flex-1 text-xs font-medium text-ink-2">
          {name}
          {before !== undefined && (
            <span className="font-normal text-ink-3"> – if the attempt before failed</span>
          )}
        </h3>
        {before !== undefined && (
          <IconButton label={`Move ${name} up`} className="size-6" onClick={() => move(before)}>
            <ArrowUp size={14} />
          </IconButton>
        )}
        {after !== undefined && (
          <IconButton label={`Move ${name} down`} className="size-6" onClick={() => move(after)}>
            <ArrowDown size={14} />
          </IconButton>
        )}
        <IconButton
          label={`Add target to ${name}`}
          className="size-6"
          onClick={() => onChange(addTarget(targets, priority))}
        >
          <Plus size={14} />
        </IconButton>
      </header>
      {here.length > 1 && (
        <div
          aria-hidden
          className="flex justify-end gap-2 pb-0.5 text-2xs text-ink-3 max-sm:hidden"
        >
          <span className="w-16 text-right">Weight</span>
          <span className="w-14 text-right">{context.shares && "Share"}</span>
          <span className="w-7" />
        </div>
      )}
      <ul className="flex flex-col gap-2">
        {here.map((target) => (
          <TargetRow
            key={target.id}
            target={target}
            share={total > 0 ? Number(target.weight) / total : 1 / here.length}
            alone={here.length === 1}
            context={context}
          />
        ))}
      </ul>
    </section>
  );
}
