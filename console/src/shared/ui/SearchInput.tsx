import { Search, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { useShortcuts } from "@/shared/shortcuts";
import { IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";
import { Key } from "@/shared/ui/Key";

const DEBOUNCE_MS = 300;

interface SearchInputProps {
  label: string;
  value: string;
  /** Called when typing pauses. */
  onChange: (value: string) => void;
}

/** A search field; `/` focuses it. */
export function SearchInput({ label, value, onChange }: SearchInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [lastValue, setLastValue] = useState(value);
  if (value !== lastValue) {
    setLastValue(value);
    setText(value);
  }
  useShortcuts({ "/": () => input.current?.focus() });
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <div className="relative w-72 max-w-full">
      <Search size={14} className="absolute top-2.25 left-2.5 text-ink-3" aria-hidden />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        className={cx(INPUT_CLASSES, "pr-8 pl-8 [&::-webkit-search-cancel-button]:hidden")}
      />
      {text ? (
        <IconButton
          label="Clear search"
          className="absolute top-1 right-1 size-6"
          onClick={() => setText("")}
        >
          <X size={14} />
        </IconButton>
      ) : (
        <span className="absolute top-1.5 right-1.5">
          <Key name="/" />
        </span>
      )}
    </div>
  );
}
