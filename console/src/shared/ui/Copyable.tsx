import { Check, Copy } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";

import { Button, IconButton } from "@/shared/ui/Button";

/** Copies text; `copied` is true for a moment afterwards. */
export function useCopy(): { copied: boolean; copy: (text: string) => void } {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (text: string) => {
    void writeClipboard(text).then(() => setCopied(true));
  };
  return { copied, copy };
}

/** A value with a copy button. */
export function Copyable({
  value,
  label,
  children,
}: {
  value: string;
  label: string;
  children?: ReactNode;
}) {
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <span className="truncate font-mono text-xs">{children ?? value}</span>
      <CopyButton value={value} label={label} />
    </span>
  );
}

export function CopyButton({ value, label }: { value: string; label: string }) {
  const { copied, copy } = useCopy();
  return (
    <IconButton
      label={copied ? "Copied" : `Copy ${label}`}
      className="size-6"
      onClick={() => copy(value)}
    >
      {copied ? <Check size={14} className="text-ok" /> : <Copy size={14} />}
    </IconButton>
  );
}

/** A text button that copies `value`. */
export function CopyTextButton({ value, children }: { value: string; children: ReactNode }) {
  const { copied, copy } = useCopy();
  return (
    <Button onClick={() => copy(value)}>
      {copied ? <Check size={14} className="text-ok" /> : <Copy size={14} className="text-ink-3" />}
      {copied ? "Copied" : children}
    </Button>
  );
}

/** The clipboard API needs a secure page; over plain HTTP this uses `execCommand`. */
async function writeClipboard(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- works without TLS
  document.execCommand("copy");
  area.remove();
}
