import type { StreamParser, StringStream } from "@codemirror/language";

interface TemplateState {
  /** The end of the part that the stream is in; empty in the text. */
  end: "" | "}}" | "%}" | "#}";
}

const KEYWORDS = new Set(
  "if elif else endif for in endfor set include not and or is raw endraw".split(" "),
);

/** Splits a template into text, names, keywords, literals and comments. */
export const TEMPLATE_PARSER: StreamParser<TemplateState> = {
  name: "template",
  startState: () => ({ end: "" }),
  token(stream, state) {
    if (!state.end) return inText(stream, state);
    if (stream.match(state.end) || stream.match(`-${state.end}`)) {
      const isComment = state.end === "#}";
      state.end = "";
      return isComment ? "comment" : "bracket";
    }
    if (state.end === "#}") {
      stream.next();
      return "comment";
    }
    return inCode(stream);
  },
};

function inText(stream: StringStream, state: TemplateState): string | null {
  const opened = stream.match(/\{[{%#]-?/) as RegExpMatchArray | null;
  if (opened) {
    state.end = opened[0][1] === "{" ? "}}" : opened[0][1] === "%" ? "%}" : "#}";
    return state.end === "#}" ? "comment" : "bracket";
  }
  stream.next();
  stream.eatWhile(/[^{]/);
  return null;
}

function inCode(stream: StringStream): string | null {
  if (stream.eatSpace()) return null;
  if (stream.match(/"(\\.|[^"\\])*"?|'(\\.|[^'\\])*'?/)) return "string";
  if (stream.match(/\d[\d_.]*/)) return "number";
  const word = stream.match(/[A-Za-z_]\w*/) as RegExpMatchArray | null;
  if (word) return KEYWORDS.has(word[0]) ? "keyword" : "variableName";
  stream.next();
  return "operator";
}
