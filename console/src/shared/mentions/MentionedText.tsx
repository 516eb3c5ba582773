import { useQuery } from "@tanstack/react-query";

import { memberEmailsQuery } from "@/shared/memberEmails";
import { mentionedMember, splitMentions } from "@/shared/mentions/mentions";
import { useProjectId } from "@/shared/session";

/** A text as it was written, with its mentions of members marked. */
export function MentionedText({ text }: { text: string }) {
  const emails = useQuery(memberEmailsQuery(useProjectId())).data ?? [];
  return splitMentions(text).map((part, index) => {
    const member = part.name ? mentionedMember(part.name, emails) : undefined;
    if (!member) return part.text;
    return (
      <span
        key={index}
        title={member}
        className="rounded-sm bg-accent-soft px-0.5 font-medium text-accent"
      >
        {part.text}
      </span>
    );
  });
}
