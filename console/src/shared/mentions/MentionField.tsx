import { useQuery } from "@tanstack/react-query";
import { useState, type ChangeEvent, type KeyboardEvent } from "react";

import { memberEmailsQuery } from "@/shared/memberEmails";
import { typedMention } from "@/shared/mentions/mentions";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { TextAreaField } from "@/shared/ui/Field";

const SHOWN = 6;

interface MentionFieldProps {
  label: string;
  hint: string;
  name: string;
  value: string;
  error: string | undefined;
  maxLength: number;
  onChange: (event: ChangeEvent<HTMLTextAreaElement>) => void;
  /** Gets the text with the address of the member who was picked. */
  onPick: (text: string) => void;
}

/** A text area that offers the members of the project once an `@` is typed. */
export function MentionField({ onPick, onChange, ...field }: MentionFieldProps) {
  const emails = useQuery(memberEmailsQuery(useProjectId())).data ?? [];
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [closed, setClosed] = useState(false);
  const typed = closed ? undefined : typedMention(field.value, caret)?.toLowerCase();
  const offered =
    typed === undefined ? [] : emails.filter((email) => begins(email, typed)).slice(0, SHOWN);
  const pick = (email: string) => {
    const start = caret - (typed ?? "").length;
    onPick(`${field.value.slice(0, start)}${email} ${field.value.slice(caret)}`);
    setClosed(true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const email = offered[chosen];
    if (!email) return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) setChosen((chosen + move + offered.length) % offered.length);
    else if (event.key === "Enter" || event.key === "Tab") pick(email);
    else if (event.key === "Escape") setClosed(true);
    else return;
    event.preventDefault();
  };
  return (
    <div className="relative">
      <TextAreaField
        {...field}
        required
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setCaret(event.target.selectionStart);
          setChosen(0);
          setClosed(false);
          onChange(event);
        }}
        onBlur={() => setClosed(true)}
      />
      {offered.length > 0 && (
        <ul
          role="listbox"
          aria-label="Members"
          className="absolute z-10 -mt-5 w-fit max-w-full rounded-lg border border-line bg-raised p-1 text-sm shadow-float"
        >
          {offered.map((email, index) => (
            <li
              key={email}
              role="option"
              aria-selected={index === chosen}
              className={cx(
                "flex h-8 cursor-pointer items-center truncate rounded-md px-2",
                index === chosen && "bg-hover",
              )}
              // Before the text area loses the focus.
              onPointerDown={(event) => {
                event.preventDefault();
                pick(email);
              }}
            >
              {email}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function begins(email: string, typed: string): boolean {
  const address = email.toLowerCase();
  return address.startsWith(typed) && address !== typed;
}
