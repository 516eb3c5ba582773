import { useQuery } from "@tanstack/react-query";
import { ArrowRight, Undo2 } from "lucide-react";
import { useState } from "react";

import { MoveLabelDialog } from "@/features/prompts/MoveLabelDialog";
import { movesQuery, type Prompt } from "@/features/prompts/queries";
import type { Schemas } from "@/shared/api/client";
import { useHasRole, useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { QueryContent } from "@/shared/ui/QueryContent";
import { RelativeTime } from "@/shared/ui/Values";

type LabelMove = Schemas["LabelMoveView"];

/** Every move of a prompt's labels; the latest move of each can be taken back. */
export function LabelHistory({ prompt }: { prompt: Prompt }) {
  const query = useQuery(movesQuery(useProjectId(), prompt.id));
  const canWrite = useHasRole("editor");
  const [returning, setReturning] = useState<LabelMove>();
  return (
    <>
      <QueryContent query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="No label has moved">
              Applications get the version with the label that they ask for, such as production.
            </EmptyState>
          ) : (
            <ol aria-label="Moves" className="divide-y divide-line">
              {items.map((move) => {
                const isLatest = items.find(({ label }) => label === move.label) === move;
                const mayUndo = canWrite && isLatest && move.from_version > 0;
                return (
                  <MoveItem
                    key={move.id}
                    move={move}
                    {...(mayUndo && { onUndo: () => setReturning(move) })}
                  />
                );
              })}
            </ol>
          )
        }
      </QueryContent>
      {returning && (
        <MoveLabelDialog
          prompt={prompt}
          number={returning.from_version}
          label={returning.label}
          onClose={() => setReturning(undefined)}
        />
      )}
    </>
  );
}

function MoveItem({ move, onUndo }: { move: LabelMove; onUndo?: () => void }) {
  return (
    <li className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 py-1.5 text-sm">
      <Badge tone={move.label === "production" ? "ok" : "accent"}>{move.label}</Badge>
      <span className="num flex items-center gap-1.5">
        {versionName(move.from_version)}
        <ArrowRight size={14} className="text-ink-3" aria-label="to" />
        <span className="font-medium">{versionName(move.to_version)}</span>
      </span>
      <span className="min-w-0 flex-1 text-ink-2">{move.message}</span>
      <span className="text-xs text-ink-3">
        {move.author} · <RelativeTime at={move.moved_at} />
      </span>
      {onUndo && (
        <Button kind="quiet" onClick={onUndo} title={`Back to version ${move.from_version}`}>
          <Undo2 size={14} />
          Undo
        </Button>
      )}
    </li>
  );
}

function versionName(number: number): string {
  return number === 0 ? "none" : `v${number}`;
}
