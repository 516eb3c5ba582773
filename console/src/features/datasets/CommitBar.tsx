import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { countChanges, editProblem, type ItemChanges } from "@/features/datasets/itemChanges";
import { datasetQuery, useCommitChanges } from "@/features/datasets/queries";
import { ApiError } from "@/shared/api/client";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { INPUT_CLASSES } from "@/shared/ui/Field";
import { Notice } from "@/shared/ui/Notice";

interface CommitBarProps {
  name: string;
  changes: ItemChanges;
  onChange: (changes: ItemChanges) => void;
  onDone: () => void;
}

/** What was changed, and the button that makes a version of it. */
export function CommitBar({ name, changes, onChange, onDone }: CommitBarProps) {
  const [message, setMessage] = useState("");
  const commit = useCommitChanges(name, onDone);
  const text = countChanges(changes);
  const isInvalid = [...changes.edits.values()].some(({ item, edit }) => editProblem(item, edit));
  const isConflict = commit.error instanceof ApiError && commit.error.code === "dataset_changed";
  return (
    <div className="sticky bottom-0 mt-4 flex flex-col gap-2 border-t border-line bg-canvas py-3">
      {isConflict && (
        <Conflict
          name={name}
          parent={changes.parent}
          onRebase={(parent) => onChange({ ...changes, parent })}
        />
      )}
      {commit.error && !isConflict && <ErrorNotice error={commit.error} />}
      <div className="flex flex-wrap items-center gap-2">
        <span className="text-sm text-ink-2">{text || "Nothing is changed."}</span>
        <input
          aria-label="What changed"
          placeholder="What changed"
          maxLength={1000}
          value={message}
          onChange={(event) => setMessage(event.target.value)}
          className={cx(INPUT_CLASSES, "ml-auto w-72! max-w-full")}
        />
        <Button onClick={onDone}>{text ? "Discard" : "Close"}</Button>
        <Button
          kind="primary"
          busy={commit.isPending}
          disabled={!text || isInvalid}
          onClick={() => commit.mutate({ changes, message })}
        >
          Commit version
        </Button>
      </div>
    </div>
  );
}

interface ConflictProps {
  name: string;
  parent: number;
  onRebase: (version: number) => void;
}

/** Somebody made a version while this one was edited. Nothing is lost. */
function Conflict({ name, parent, onRebase }: ConflictProps) {
  const newest = useQuery({ ...datasetQuery(useProjectId(), name), staleTime: 0 }).data?.newest;
  if (!newest || newest.version === parent) return null;
  return (
    <Notice tone="warn">
      <p role="alert">
        <span className="font-medium">
          {newest.author} made version {newest.version} while you edited version {parent}.
        </span>{" "}
        {newest.message} Your changes are kept here. Put them on version {newest.version}: where
        both changed an item, yours counts.
      </p>
      <div className="mt-2">
        <Button onClick={() => onRebase(newest.version)}>
          Put my changes on version {newest.version}
        </Button>
      </div>
    </Notice>
  );
}
