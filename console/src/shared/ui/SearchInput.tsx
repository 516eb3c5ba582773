import { Search } from "lucide-react";
import { useRef } from "react";

import { useShortcuts } from "@/shared/shortcuts";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";

interface SearchInputProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** A search field that filters a list; `/` focuses it. */
export function SearchInput({ label, value, onChange }: SearchInputProps) {
  const input = useRef<HTMLInputElement>(null);
  useShortcuts({ "/": () => input.current?.focus() });
  return (
    <div className="relative w-64">
      <Search size={14} className="absolute top-2 left-2.5 text-ink-3" aria-hidden />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className={cx(INPUT_CLASSES, "h-[30px] pl-8")}
      />
    </div>
  );
}
