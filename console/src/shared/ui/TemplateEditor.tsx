import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder as placeholderText } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";

import { cx } from "@/shared/ui/classes";
import { TEMPLATE_PARSER } from "@/shared/ui/templateParser";

const COLOURS = HighlightStyle.define([
  { tag: tags.variableName, color: "var(--accent)", fontWeight: "600" },
  { tag: tags.keyword, color: "var(--warn)", fontWeight: "600" },
  { tag: tags.string, color: "var(--ok)" },
  { tag: tags.number, color: "var(--ok)" },
  { tag: tags.operator, color: "var(--ink-2)" },
  { tag: tags.bracket, color: "var(--ink-3)" },
  { tag: tags.comment, color: "var(--ink-3)", fontStyle: "italic" },
]);
const THEME = EditorView.theme({
  "&": { fontSize: "12.5px", color: "var(--ink)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "20px" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 10px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-placeholder": { color: "var(--ink-3)" },
});

interface TemplateEditorProps {
  label: string;
  value: string;
  /** Left out for a text that cannot be changed. */
  onChange?: (value: string) => void;
  placeholder?: string;
}

/** A template with its variables highlighted, to read or to edit. */
export default function TemplateEditor(props: TemplateEditorProps) {
  const { label, value, onChange, placeholder = "" } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const changed = useRef(onChange);
  const first = useRef(value);
  const readOnly = onChange === undefined;
  useEffect(() => {
    changed.current = onChange;
  }, [onChange]);
  useEffect(() => {
    if (!host.current) return;
    const created = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          StreamLanguage.define(TEMPLATE_PARSER),
          syntaxHighlighting(COLOURS),
          THEME,
          EditorView.lineWrapping,
          EditorState.readOnly.of(readOnly),
          placeholderText(placeholder),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "true" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = created;
    return () => created.destroy();
  }, [label, placeholder, readOnly]);
  useEffect(() => {
    first.current = value;
    const present = view.current?.state.doc;
    if (present !== undefined && present.toString() !== value) {
      view.current?.dispatch({ changes: { from: 0, to: present.length, insert: value } });
    }
  }, [value]);
  return (
    <div
      ref={host}
      className={cx(
        "overflow-hidden rounded-md border",
        readOnly
          ? "border-line bg-sunken"
          : "border-line-strong bg-canvas focus-within:border-accent",
      )}
    />
  );
}
