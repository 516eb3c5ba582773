import type { Part } from "@/shared/format/wordDiff";
import { cx } from "@/shared/ui/classes";

interface ChangedWordsProps {
  parts: readonly Part[];
  /** The side of the comparison, which gives the colour. */
  side: "before" | "after";
}

/** A text with the words marked that the other one does not have. */
export function ChangedWords({ parts, side }: ChangedWordsProps) {
  const colour = side === "before" ? "bg-danger-soft text-danger" : "bg-ok-soft text-ok";
  return parts.map(({ text, changed }, index) =>
    changed ? (
      <mark key={index} className={cx("rounded-xs", colour)}>
        {text}
      </mark>
    ) : (
      <span key={index}>{text}</span>
    ),
  );
}
