import { Search } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { useState, type KeyboardEvent } from "react";

import { findItems, usePaletteItems, type PaletteItem } from "@/app/paletteItems";
import { cx } from "@/shared/ui/classes";
import { Key } from "@/shared/ui/Key";

interface PaletteProps {
  open: boolean;
  onClose: () => void;
}

/** Finds any page, use case, rollout, release, prompt, route or key by its words. */
export function Palette({ open, onClose }: PaletteProps) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-overlay" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 flex max-h-[70vh] w-[min(600px,calc(100vw-32px))] -translate-x-1/2 flex-col overflow-hidden rounded-lg border border-line bg-raised shadow-float"
        >
          <Radix.Title className="sr-only">Go to</Radix.Title>
          <Finder onClose={onClose} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Finder({ onClose }: { onClose: () => void }) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const found = findItems(usePaletteItems(), query);
  const open = (item: PaletteItem | undefined) => {
    if (!item) return;
    onClose();
    item.open();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setActive(Math.min(active + 1, found.length - 1));
    else if (event.key === "ArrowUp") setActive(Math.max(active - 1, 0));
    else if (event.key === "Enter") open(found[active]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div className="flex h-12 shrink-0 items-center gap-2.5 border-b border-line px-4">
        <Search size={16} className="text-ink-3" aria-hidden />
        <input
          role="combobox"
          aria-label="Go to"
          aria-expanded
          aria-controls="palette-list"
          aria-activedescendant={found[active] && `palette-${active}`}
          placeholder="Use cases, rollouts, releases, prompts, routes, keys …"
          value={query}
          autoFocus
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setQuery(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
          className="h-full min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-ink-3"
        />
        <Key name="Esc" />
      </div>
      <ul
        id="palette-list"
        role="listbox"
        aria-label="Found"
        className="thin-scroll overflow-y-auto p-1.5"
      >
        {found.map((item, index) => (
          <Found
            key={item.id}
            item={item}
            id={`palette-${index}`}
            active={index === active}
            onOpen={() => open(item)}
          />
        ))}
        {found.length === 0 && (
          <li role="presentation" className="px-3 py-6 text-center text-sm text-ink-3">
            Nothing matches “{query}”.
          </li>
        )}
      </ul>
    </>
  );
}

interface FoundProps {
  item: PaletteItem;
  id: string;
  active: boolean;
  onOpen: () => void;
}

function Found({ item: { kind, name, note }, id, active, onOpen }: FoundProps) {
  return (
    <li
      id={id}
      role="option"
      aria-selected={active}
      ref={(element) => {
        if (active) element?.scrollIntoView({ block: "nearest" });
      }}
      onClick={onOpen}
      className={cx(
        "flex h-9 cursor-pointer items-center gap-3 rounded-md px-2.5 text-sm",
        active ? "bg-accent-soft" : "hover:bg-hover",
      )}
    >
      <span className="w-16 shrink-0 text-xs text-ink-3">{kind}</span>
      <span className="min-w-0 shrink-0 truncate font-medium max-sm:shrink">{name}</span>
      <span className="min-w-0 truncate text-xs text-ink-3">{note}</span>
    </li>
  );
}
