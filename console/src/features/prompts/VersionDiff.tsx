import { useQuery } from "@tanstack/react-query";

import { DiffPieces } from "@/shared/prompts/DiffPieces";
import { diffQuery, type Prompt } from "@/features/prompts/queries";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { EmptyState } from "@/shared/ui/EmptyState";
import { INPUT_CLASSES } from "@/shared/ui/Field";
import { QueryContent } from "@/shared/ui/QueryContent";

interface VersionDiffProps {
  prompt: Prompt;
  older: number;
  newer: number;
  onSelect: (older: number) => void;
}

/** The words that differ between a version and another one. */
export function VersionDiff({ prompt, older, newer, onSelect }: VersionDiffProps) {
  const query = useQuery(diffQuery(useProjectId(), prompt.id, older, newer));
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-x-4 gap-y-2 text-sm">
        <label className="flex items-center gap-2 whitespace-nowrap">
          Changes since version
          <input
            type="number"
            min={1}
            max={prompt.latest}
            value={older}
            onChange={(event) => onSelect(Number(event.target.value))}
            className={cx(INPUT_CLASSES, "num max-w-20")}
          />
        </label>
        {Object.entries(prompt.labels).map(([label, number]) => (
          <button
            key={label}
            type="button"
            onClick={() => onSelect(number)}
            className="text-xs text-ink-2 hover:text-ink hover:underline"
          >
            {label} (v{number})
          </button>
        ))}
      </div>
      <QueryContent query={query}>
        {({ pieces }) =>
          pieces.every(({ operation }) => operation === "equal") ? (
            <EmptyState title="No differences">
              Version {newer} has the content of version {older}.
            </EmptyState>
          ) : (
            <DiffPieces key={`${older} ${newer}`} pieces={pieces} />
          )
        }
      </QueryContent>
    </>
  );
}
