import { Check, ChevronRight } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";

import { cx } from "@/shared/ui/classes";

const PANEL = cx(
  "thin-scroll z-50 max-h-[60vh] min-w-44 overflow-y-auto rounded-lg border border-line",
  "bg-raised p-1 text-sm shadow-float",
);

interface MenuProps {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
  side?: "bottom" | "top" | "right";
}

/** A drop-down menu. `trigger` is a button. */
export function Menu({ trigger, children, align = "start", side = "bottom" }: MenuProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          side={side}
          sideOffset={4}
          collisionPadding={8}
          className={PANEL}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface MenuItemProps {
  onSelect: () => void;
  children: ReactNode;
  /** If given, the item shows whether it is checked. */
  checked?: boolean;
  /** Keeps the menu open, to select several items. */
  keepOpen?: boolean;
}

export function MenuItem({ onSelect, children, checked, keepOpen = false }: MenuItemProps) {
  return (
    <Radix.Item
      onSelect={(event) => {
        if (keepOpen) event.preventDefault();
        onSelect();
      }}
      className={cx(
        "flex h-8 items-center gap-2 rounded-md px-2 outline-none select-none",
        "data-[highlighted]:bg-hover",
      )}
    >
      {checked === undefined ? children : <span className="min-w-0 flex-1">{children}</span>}
      {checked !== undefined && (
        <Check size={14} className={cx("shrink-0 text-accent", !checked && "invisible")} />
      )}
    </Radix.Item>
  );
}

/** A nested menu. */
export function SubMenu({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Radix.Sub>
      <Radix.SubTrigger className="flex h-8 items-center justify-between gap-6 rounded-md px-2 outline-none select-none data-[highlighted]:bg-hover data-[state=open]:bg-hover">
        {label}
        <ChevronRight size={14} className="text-ink-3" />
      </Radix.SubTrigger>
      <Radix.Portal>
        <Radix.SubContent collisionPadding={8} className={PANEL}>
          {children}
        </Radix.SubContent>
      </Radix.Portal>
    </Radix.Sub>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="px-2 py-1.5 text-xs text-ink-3">{children}</Radix.Label>;
}

export function MenuSeparator() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-line" />;
}
