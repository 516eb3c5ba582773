import { FileUp } from "lucide-react";
import { useState, type DragEvent } from "react";

import { SUFFIXES } from "@/features/datasets/importing/rows";
import { cx } from "@/shared/ui/classes";

interface FileInputProps {
  file: File | undefined;
  onChange: (file: File) => void;
}

/** Chooses a file, or takes one that is dropped. */
export function FileInput({ file, onChange }: FileInputProps) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const [dropped] = event.dataTransfer.files;
    if (dropped) onChange(dropped);
  };
  return (
    <label
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={cx(
        "flex cursor-pointer items-center gap-3 rounded-md border border-dashed px-4 py-3 text-sm",
        "focus-within:outline-2 focus-within:outline-accent hover:bg-hover",
        over ? "border-accent bg-accent-soft" : "border-line-strong",
      )}
    >
      <FileUp size={18} className="shrink-0 text-ink-3" aria-hidden />
      <span className="min-w-0 truncate">
        <span className="font-medium">{file?.name ?? "Choose a file, or drop it here"}</span>
        <span className="text-ink-3"> {SUFFIXES.join(", ")}</span>
      </span>
      <input
        type="file"
        aria-label="File"
        accept={SUFFIXES.join(",")}
        className="sr-only"
        onChange={(event) => {
          const [chosen] = event.target.files ?? [];
          if (chosen) onChange(chosen);
        }}
      />
    </label>
  );
}
