/** A part of a text: plain, or the mention of a name, with its `@`. */
export interface TextPart {
  text: string;
  /** In lower case, without the `@`; empty for plain text. */
  name: string;
}

// As `rules/mentions.py` finds them.
const MENTION = /(?<![\w.@/+-])@([A-Za-z0-9][\w.+-]{0,63}(?:@[A-Za-z0-9][A-Za-z0-9.-]{0,189})?)/g;

/** Splits a text at its mentions. */
export function splitMentions(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const found of text.matchAll(MENTION)) {
    const name = (found[1] ?? "").replace(/[.-]+$/, "");
    if (found.index > end) parts.push({ text: text.slice(end, found.index), name: "" });
    parts.push({ text: `@${name}`, name: name.toLowerCase() });
    end = found.index + 1 + name.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), name: "" });
  return parts;
}

/** The member whom a name means: by the address, or by its beginning if one alone has it. */
export function mentionedMember(name: string, emails: readonly string[]): string | undefined {
  const known = emails.map((email) => email.toLowerCase());
  const exact = known.indexOf(name);
  if (exact >= 0) return emails[exact];
  const [only, second] = emails.filter((email) => email.toLowerCase().split("@")[0] === name);
  return second === undefined ? only : undefined;
}

/** The beginning of a mention that ends at the caret, without the `@`; `undefined` if none does. */
export function typedMention(text: string, caret: number): string | undefined {
  return /(?:^|[^\w.@/+-])@([\w.+@-]{0,254})$/.exec(text.slice(0, caret))?.[1];
}
