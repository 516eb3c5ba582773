import { useState } from "react";

import { foldEqual } from "@/shared/prompts/foldEqual";
import type { Schemas } from "@/shared/api/client";

/** The text of two versions, with the words that differ. Long equal parts are folded. */
export function DiffPieces({ pieces }: { pieces: Schemas["PieceView"][] }) {
  return (
    <pre
      aria-label="Differences"
      className="rounded-md border border-line bg-sunken p-3 font-mono text-xs leading-5 break-words whitespace-pre-wrap"
    >
      {pieces.map(({ operation, text }, index) => {
        if (operation === "insert") {
          return (
            <ins key={index} className="rounded-xs bg-ok-soft text-ok no-underline">
              {text}
            </ins>
          );
        }
        if (operation === "delete") {
          return (
            <del key={index} className="rounded-xs bg-danger-soft text-danger decoration-danger/50">
              {text}
            </del>
          );
        }
        const place = { first: index === 0, last: index === pieces.length - 1 };
        return <EqualText key={index} text={text} {...place} />;
      })}
    </pre>
  );
}

interface EqualTextProps {
  text: string;
  first: boolean;
  last: boolean;
}

function EqualText({ text, first, last }: EqualTextProps) {
  const [open, setOpen] = useState(false);
  const folded = foldEqual(text, { first, last });
  if (open || !folded) return <span className="text-ink-2">{text}</span>;
  return (
    <span className="text-ink-2">
      {folded.before}
      <button
        type="button"
        onClick={() => setOpen(true)}
        className="my-1 block w-full rounded-sm border-y border-dashed border-line-strong py-0.5 text-left text-ink-3 hover:bg-hover hover:text-ink"
      >
        {folded.lines} equal lines
      </button>
      {folded.after}
    </span>
  );
}
