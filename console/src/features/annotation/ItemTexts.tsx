import type { ReactNode } from "react";

import type { ItemContent } from "@/features/annotation/queries";
import { itemText } from "@/shared/datasets/itemText";

interface ItemTextsProps {
  content: ItemContent;
  swapped?: boolean;
  /** Shown in place of the output. */
  output?: ReactNode;
}

/** What is judged: the input, and one output or two side by side. All is text, never HTML. */
export function ItemTexts({ content, swapped = false, output }: ItemTextsProps) {
  const { input, other_output, expected, context } = content;
  const pair = [content.output, other_output];
  if (swapped) pair.reverse();
  return (
    <div className="flex flex-col gap-4">
      <Text name="Input">{inputText(input)}</Text>
      {context.map((passage, index) => (
        <Text key={index} name={`Context ${index + 1}`}>
          {passage}
        </Text>
      ))}
      {other_output ? (
        <div className="grid gap-4 md:grid-cols-2">
          <Text name="Left">{pair[0]}</Text>
          <Text name="Right">{pair[1]}</Text>
        </div>
      ) : (
        <Text name="Output" strong>
          {output ?? content.output}
        </Text>
      )}
      {itemText(expected) && <Text name="Expected">{itemText(expected)}</Text>}
    </div>
  );
}

interface TextProps {
  name: string;
  strong?: boolean;
  children: ReactNode;
}

function Text({ name, strong = false, children }: TextProps) {
  return (
    <section aria-label={name}>
      <h2 className="mb-1 text-xs font-medium text-ink-3">{name}</h2>
      <div
        className={
          strong
            ? "rounded-md border border-line-strong bg-raised px-4 py-3 text-sm leading-6 break-words whitespace-pre-wrap"
            : "px-4 text-sm leading-6 break-words whitespace-pre-wrap text-ink-2"
        }
      >
        {children}
      </div>
    </section>
  );
}

/** The messages of a conversation one below the other, or the input as it is. */
function inputText(input: unknown): string {
  if (!Array.isArray(input)) return itemText(input);
  return input
    .map((each: { role?: string; content?: unknown }) =>
      typeof each.content === "string" ? `${each.role ?? "user"}: ${each.content}` : itemText(each),
    )
    .join("\n\n");
}
