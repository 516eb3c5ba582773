import { X } from "lucide-react";

import type { RunSearch } from "@/features/evaluations/search";
import { stateName } from "@/features/evaluations/words";
import { Badge } from "@/shared/ui/Badge";
import { IconButton } from "@/shared/ui/Button";

interface SelectionChipsProps {
  search: RunSearch;
  onChange: (part: RunSearch) => void;
}

/** What selects the shown results, each part with a button that removes it. */
export function SelectionChips({ search, onChange }: SelectionChipsProps) {
  const { metric, slice = [], measured, value } = search;
  const of = [measured && stateName(measured), value && valueName(value)].filter(Boolean);
  return (
    <>
      {metric && (
        <Chip
          text={[metric, ...of].join(": ")}
          onRemove={() =>
            onChange({ metric: undefined, measured: undefined, value: undefined, order: undefined })
          }
        />
      )}
      {slice.map((each) => (
        <Chip
          key={each}
          text={each.replace("=", ": ")}
          onRemove={() => {
            const others = slice.filter((one) => one !== each);
            onChange({ slice: others.length > 0 ? others : undefined });
          }}
        />
      ))}
    </>
  );
}

function valueName(value: string): string {
  return value === "true" ? "yes" : value === "false" ? "no" : value;
}

function Chip({ text, onRemove }: { text: string; onRemove: () => void }) {
  return (
    <span className="flex items-center">
      <Badge tone="accent">{text}</Badge>
      <IconButton label={`Remove the filter ${text}`} onClick={onRemove}>
        <X size={14} />
      </IconButton>
    </span>
  );
}

/** The slices with this value of its field, in place of another one. */
export function withSlice(slices: readonly string[] = [], field: string, value: string): string[] {
  return [...slices.filter((each) => !each.startsWith(`${field}=`)), `${field}=${value}`];
}
