import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";

import { IconButton } from "@/shared/ui/Button";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  /** Whether Escape or a click outside closes it; off where that would lose data. */
  dismissable?: boolean;
}

/** A modal dialog. Put the buttons into `DialogActions`. */
export function Dialog(props: DialogProps) {
  const { open, onClose, title, description, children, dismissable = true } = props;
  const preventClose = (event: Event) => {
    if (!dismissable) event.preventDefault();
  };
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-overlay" />
        <Radix.Content
          onEscapeKeyDown={preventClose}
          onPointerDownOutside={preventClose}
          className="fixed top-[12vh] left-1/2 z-50 max-h-[80vh] w-[min(520px,calc(100vw-32px))] -translate-x-1/2 overflow-y-auto rounded-lg border border-line bg-raised p-5 shadow-float"
        >
          <Radix.Title className="pr-8 text-lg font-semibold">{title}</Radix.Title>
          <Radix.Description asChild>
            <div className="mt-1 text-sm text-ink-2">{description}</div>
          </Radix.Description>
          <div className="mt-4">{children}</div>
          {dismissable && (
            <Radix.Close asChild>
              <IconButton label="Close" className="absolute top-4 right-4">
                <X size={16} />
              </IconButton>
            </Radix.Close>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The row of buttons at the end of a dialog. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="mt-5 flex justify-end gap-2">{children}</div>;
}
