import { X } from "lucide-react";

import type { PromptsSearch } from "@/features/prompts/search";
import { Badge } from "@/shared/ui/Badge";
import { IconButton } from "@/shared/ui/Button";

interface FolderPathProps {
  search: PromptsSearch;
  onChange: (part: PromptsSearch) => void;
}

/** The folder and label that the list is limited to; each part of the path leads to its folder. */
export function FolderPath({ search: { folder, label }, onChange }: FolderPathProps) {
  const parts = folder?.split("/") ?? [];
  return (
    <div className="flex flex-wrap items-center gap-2 text-sm">
      {parts.length > 0 && (
        <nav aria-label="Folder" className="flex items-center gap-1">
          <FolderButton name="All prompts" onClick={() => onChange({ folder: undefined })} />
          {parts.map((part, index) => (
            <span key={index} className="flex items-center gap-1">
              <span className="text-ink-3">/</span>
              {index === parts.length - 1 ? (
                <span className="font-medium">{part}</span>
              ) : (
                <FolderButton
                  name={part}
                  onClick={() => onChange({ folder: parts.slice(0, index + 1).join("/") })}
                />
              )}
            </span>
          ))}
        </nav>
      )}
      {label !== undefined && (
        <span className="flex items-center">
          <Badge tone="accent">{label}</Badge>
          <IconButton
            label={`Show prompts without ${label}, too`}
            onClick={() => onChange({ label: undefined })}
          >
            <X size={14} />
          </IconButton>
        </span>
      )}
    </div>
  );
}

function FolderButton({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <button type="button" onClick={onClick} className="text-ink-2 hover:text-ink hover:underline">
      {name}
    </button>
  );
}
