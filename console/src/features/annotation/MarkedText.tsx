import { useEffect, useState } from "react";

import { withSpan, wordsOf, type Choice, type Span } from "@/features/annotation/labels";
import { cx } from "@/shared/ui/classes";

const TONES = [
  "bg-accent-soft text-accent",
  "bg-warn-soft text-warn",
  "bg-ok-soft text-ok",
  "bg-danger-soft text-danger",
];

interface MarkedTextProps {
  text: string;
  spans: readonly Span[];
  choices: readonly Choice[];
  onChange: (spans: Span[]) => void;
}

/** A text whose parts are marked: the arrow keys move over its words, with Shift they extend; a
 * digit marks, Backspace removes. Or drag over words, then press a digit. */
export function MarkedText({ text, spans, choices, onChange }: MarkedTextProps) {
  const words = wordsOf(text);
  const [anchor, setAnchor] = useState(0);
  const [focus, setFocus] = useState(0);
  const [first, last] = [Math.min(anchor, focus), Math.max(anchor, focus)];
  const [start, end] = [words[first]?.start ?? 0, words[last]?.end ?? 0];
  const select = (word: number, extend: boolean) => {
    const next = Math.min(words.length - 1, Math.max(0, word));
    setFocus(next);
    if (!extend) setAnchor(next);
  };
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
      const choice = choices[Number(event.key) - 1];
      if (choice) onChange(withSpan(spans, { ...trimmed(), value: String(choice.value) }));
      else if (event.key === "ArrowRight") select(focus + 1, event.shiftKey);
      else if (event.key === "ArrowLeft") select(focus - 1, event.shiftKey);
      else if (event.key === "Backspace") onChange(spans.filter((each) => !overlaps(each)));
      else return;
      event.preventDefault();
    };
    const overlaps = (each: Span) => each.start < end && each.end > start;
    const trimmed = () => {
      const blank = Array.from(words[first]?.text.match(/^\s*/)?.[0] ?? "").length;
      return { start: start + blank, end };
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  });
  return (
    <p className="text-sm leading-7 break-words whitespace-pre-wrap select-none">
      {words.map((word, index) => {
        const span = spans.find((each) => each.start < word.end && each.end > word.start);
        const tone = TONES[choices.findIndex(({ value }) => value === span?.value) % TONES.length];
        const selected = index >= first && index <= last;
        return (
          <span
            key={word.start}
            title={span?.value}
            onMouseDown={(event) => select(index, event.shiftKey)}
            onMouseEnter={(event) => event.buttons === 1 && select(index, true)}
            className={cx(tone, selected && "underline decoration-accent decoration-2")}
          >
            {word.text}
          </span>
        );
      })}
    </p>
  );
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
