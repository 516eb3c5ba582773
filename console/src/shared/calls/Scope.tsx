import { callDimension, dimensionLabel } from "@/shared/calls/conditions";
import { useValueName } from "@/shared/calls/names";

const SHOWN = 2;

interface ScopeProps {
  /** The values that a call must have, by dimension. */
  only: Record<string, readonly string[]>;
  /** The dimensions of which each value counts on its own. */
  per?: readonly string[];
}

/** For which calls something is, in one line. */
export function Scope({ only, per = [] }: ScopeProps) {
  const textOf = useValueText();
  const conditions = Object.entries(only).map(([dimension, values]) => {
    const shown = values.slice(0, SHOWN).map((value) => textOf(dimension, value));
    const more = values.length > SHOWN ? ` +${values.length - SHOWN}` : "";
    return { dimension, text: shown.join(", ") + more };
  });
  return (
    <>
      {conditions.map(({ dimension, text }) => (
        <span key={dimension} className="mr-2.5 whitespace-nowrap">
          <span className="text-ink-3">{dimensionLabel(dimension)}</span> {text}
        </span>
      ))}
      {per.length > 0 && (
        <span className="whitespace-nowrap">
          <span className="text-ink-3">for each</span>{" "}
          {per.map((dimension) => dimensionLabel(dimension).toLowerCase()).join(", ")}
        </span>
      )}
      {conditions.length + per.length === 0 && <span className="text-ink-3">All calls</span>}
    </>
  );
}

/** Returns how a value of a dimension is shown: keys by their name, none as `(none)`. */
export function useValueText(): (dimension: string, value: string) => string {
  const nameOf = useValueName();
  return (dimension, value) => {
    const known = callDimension(dimension);
    if (value === "") return "(none)";
    return known ? nameOf(known, value) : value;
  };
}
