import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { commentsQuery, useAddComment, type Prompt } from "@/features/prompts/queries";
import { MentionField } from "@/shared/mentions/MentionField";
import { MentionedText } from "@/shared/mentions/MentionedText";
import { useForm } from "@/shared/forms/useForm";
import { useHasRole, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { QueryContent } from "@/shared/ui/QueryContent";
import { RelativeTime } from "@/shared/ui/Values";

/** The comments on a prompt and its versions, newest first. */
export function Comments({ prompt, number }: { prompt: Prompt; number: number }) {
  const query = useQuery(commentsQuery(useProjectId(), prompt.id));
  const canWrite = useHasRole("editor");
  const [added, setAdded] = useState(0);
  return (
    <div className="flex flex-col gap-4">
      {canWrite && (
        <AddComment
          key={`${number} ${added}`}
          prompt={prompt}
          number={number}
          onAdded={() => setAdded(added + 1)}
        />
      )}
      <QueryContent query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="No comments yet" />
          ) : (
            <ol aria-label="Comments" className="divide-y divide-line">
              {items.map((comment) => (
                <li key={comment.id} className="py-3 text-sm">
                  <div className="mb-1 flex gap-2 text-xs text-ink-3">
                    <span className="font-medium text-ink-2">{comment.author}</span>
                    {comment.version > 0 && <span className="num">on v{comment.version}</span>}
                    <RelativeTime at={comment.created_at} />
                  </div>
                  <p className="break-words whitespace-pre-wrap">
                    <MentionedText text={comment.text} />
                  </p>
                </li>
              ))}
            </ol>
          )
        }
      </QueryContent>
    </div>
  );
}

interface AddCommentProps {
  prompt: Prompt;
  number: number;
  onAdded: () => void;
}

function AddComment({ prompt, number, onAdded }: AddCommentProps) {
  const form = useForm({
    initial: { text: "" },
    mutation: useAddComment(prompt.id, onAdded),
    toInput: ({ text }) => ({ text, version: number }),
  });
  return (
    <form noValidate className="flex flex-col gap-2" onSubmit={form.submit}>
      <MentionField
        label={`Comment on version ${number}`}
        hint="@ and the beginning of an address mentions a member."
        {...form.text("text")}
        onPick={(text) => form.change({ text })}
        maxLength={10_000}
      />
      {Boolean(form.error) && <ErrorNotice error={form.error} />}
      <div>
        <Button type="submit" busy={form.busy}>
          Add comment
        </Button>
      </div>
    </form>
  );
}
