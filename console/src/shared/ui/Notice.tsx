import { CircleAlert, CircleCheck, Info, TriangleAlert, X } from "lucide-react";
import type { ReactNode } from "react";

import type { Tone } from "@/shared/ui/Badge";
import { IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";

type NoticeTone = Extract<Tone, "ok" | "warn" | "danger" | "neutral">;

const STYLES = {
  ok: { icon: CircleCheck, className: "bg-ok-soft", ink: "text-ok" },
  warn: { icon: TriangleAlert, className: "bg-warn-soft", ink: "text-warn" },
  danger: { icon: CircleAlert, className: "bg-danger-soft", ink: "text-danger" },
  neutral: { icon: Info, className: "bg-sunken", ink: "text-ink-3" },
} as const;

interface NoticeProps {
  tone: NoticeTone;
  children: ReactNode;
  onClose?: () => void;
}

/** A short message with an icon: a result, a warning or an error. */
export function Notice({ tone, children, onClose }: NoticeProps) {
  const { icon: Icon, className, ink } = STYLES[tone];
  return (
    <div
      role={tone === "danger" ? "alert" : "status"}
      className={cx("flex items-start gap-2 rounded-md px-3 py-2 text-sm text-ink", className)}
    >
      <Icon size={16} className={cx("mt-0.5 shrink-0", ink)} aria-hidden />
      <div className="min-w-0 grow break-words">{children}</div>
      {onClose !== undefined && (
        <IconButton label="Dismiss" className="-my-1 -mr-1.5" onClick={onClose}>
          <X size={14} />
        </IconButton>
      )}
    </div>
  );
}
