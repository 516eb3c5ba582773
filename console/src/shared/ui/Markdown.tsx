import MarkdownIt, { type Token } from "markdown-it";
import { createElement, type ReactNode } from "react";

import { cx } from "@/shared/ui/classes";

const PARSER = new MarkdownIt({ html: false, linkify: false }).disable("image");
PARSER.validateLink = (url) => /^(https?:|mailto:)/i.test(url);

/** Headings of a text are below those of the page. */
const HEADING_CLASSES = "pt-1 font-semibold text-ink";
const CELL_CLASSES = "border border-line px-2 py-1 text-left align-top";
const ELEMENTS: Readonly<Record<string, readonly [tag: string, classes?: string]>> = {
  h1: ["h3", cx("text-base", HEADING_CLASSES)],
  h2: ["h4", cx("text-sm", HEADING_CLASSES)],
  h3: ["h5", HEADING_CLASSES],
  h4: ["h6", HEADING_CLASSES],
  h5: ["h6", HEADING_CLASSES],
  h6: ["h6", HEADING_CLASSES],
  p: ["p"],
  ul: ["ul", "flex list-disc flex-col gap-1 pl-5"],
  ol: ["ol", "flex list-decimal flex-col gap-1 pl-5"],
  li: ["li"],
  blockquote: ["blockquote", "border-l-2 border-line-strong pl-3 text-ink-3"],
  em: ["em"],
  strong: ["strong", "font-semibold text-ink"],
  s: ["s"],
  table: ["table", "w-full border-collapse"],
  thead: ["thead"],
  tbody: ["tbody"],
  tr: ["tr"],
  th: ["th", cx(CELL_CLASSES, "font-medium text-ink")],
  td: ["td", CELL_CLASSES],
  hr: ["hr", "border-line"],
  br: ["br"],
};
const CODE_CLASSES = "rounded bg-sunken px-1 font-mono text-xs";
const BLOCK_CLASSES =
  "thin-scroll overflow-x-auto rounded-md border border-line bg-sunken p-2 font-mono text-xs leading-5";

/** Markdown that somebody has written. It becomes React elements of the types above, never HTML:
 * HTML in it is shown as text, links go to web pages and mail addresses only, images are links. */
export function Markdown({ text, className }: { text: string; className?: string }) {
  return (
    <div
      className={cx(
        "flex min-w-0 flex-col gap-2 text-sm leading-6 break-words text-ink-2",
        className,
      )}
    >
      {render(PARSER.parse(text, {}))}
    </div>
  );
}

interface OpenElement {
  token: Token;
  children: ReactNode[];
}

/** Tokens come flat, in the order of the text: an element's content stands between its first and
 * its last token. */
function render(tokens: readonly Token[]): ReactNode[] {
  const root: ReactNode[] = [];
  const open: OpenElement[] = [];
  tokens.forEach((token, index) => {
    const into = open.at(-1)?.children ?? root;
    if (token.nesting === 1) {
      open.push({ token, children: [] });
    } else if (token.nesting === 0) {
      into.push(leaf(token, index));
    } else {
      const ended = open.pop();
      const outer = open.at(-1)?.children ?? root;
      if (ended) outer.push(element(ended, index));
    }
  });
  return root;
}

function element({ token, children }: OpenElement, key: number): ReactNode {
  if (token.hidden) return children;
  if (token.tag === "a") {
    return (
      <a
        key={key}
        href={String(token.attrGet("href") ?? "")}
        target="_blank"
        rel="noopener noreferrer nofollow"
        className="text-accent underline"
      >
        {children}
      </a>
    );
  }
  const [tag, className] = ELEMENTS[token.tag] ?? ["span"];
  const start = tag === "ol" && token.attrGet("start");
  const made = createElement(tag, { key, className, ...(start && { start }) }, ...children);
  if (tag !== "table") return made;
  return (
    <div key={key} className="thin-scroll overflow-x-auto">
      {made}
    </div>
  );
}

function leaf(token: Token, key: number): ReactNode {
  switch (token.type) {
    case "inline":
      return render(token.children ?? []);
    case "code_inline":
      return (
        <code key={key} className={CODE_CLASSES}>
          {token.content}
        </code>
      );
    case "fence":
    case "code_block":
      return (
        <pre key={key} className={BLOCK_CLASSES} tabIndex={0}>
          {token.content}
        </pre>
      );
    case "softbreak":
      return "\n";
    case "hr":
    case "hardbreak":
      return createElement(...leafElement(token.tag, key));
    default:
      return token.content;
  }
}

function leafElement(tag: string, key: number) {
  const [name, className] = ELEMENTS[tag] ?? ["br"];
  return [name, { key, className }] as const;
}
