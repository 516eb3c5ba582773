import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";

import { AnswerView } from "@/features/playground/AnswerView";
import {
  type Column,
  EMPTY_START,
  type Start,
  withCopy,
  withModels,
} from "@/features/playground/column";
import { ColumnCard } from "@/features/playground/ColumnCard";
import { KeyField } from "@/features/playground/KeyField";
import {
  NO_RUN,
  type Run,
  runColumn,
  startQuery,
  useSaveColumn,
} from "@/features/playground/queries";
import { SaveDialog } from "@/features/playground/SaveDialog";
import { MAX_COLUMNS } from "@/features/playground/search";
import { chatModel, modelsQuery } from "@/shared/exampleCalls";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { TextAreaField } from "@/shared/ui/Field";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

/** Sends a prompt to several models, and compares answers, cost and time. */
export function PlaygroundPage() {
  const projectId = useProjectId();
  const search = useSearch({ from: "/signed-in/projects/$projectId/playground" });
  const start = useQuery(startQuery(projectId, search));
  return (
    <QueryContent query={start}>
      {(found) => (
        <Playground
          key={JSON.stringify(search)}
          start={withModels(found ?? EMPTY_START, search.models ?? [])}
        />
      )}
    </QueryContent>
  );
}

function Playground({ start }: { start: Start }) {
  const projectId = useProjectId();
  const models = useQuery(modelsQuery(projectId)).data ?? [];
  const [columns, setColumns] = useState(start.columns);
  const [variables, setVariables] = useState(start.variables);
  const [prompt, setPrompt] = useState(start.prompt);
  const [keyId, setKeyId] = useState("");
  const [saving, setSaving] = useState<Column>();
  const { runs, run, stop, busy } = useRuns();
  const save = useSaveColumn(prompt, (saved) => {
    setPrompt(saved);
    setSaving(undefined);
  });
  const fallback = chatModel(models) ?? "";
  const named = columns.map((each) => ({ ...each, model: each.model || fallback }));
  const change = (id: number, part: Partial<Column>) =>
    setColumns(columns.map((each) => (each.id === id ? { ...each, ...part } : each)));
  return (
    <Page
      title={prompt ? `Playground · ${prompt.name}` : "Playground"}
      actions={
        <>
          <RequestTesterLink />
          <Button
            disabled={columns.length >= MAX_COLUMNS}
            onClick={() => setColumns(withCopy(named))}
          >
            Add column
          </Button>
          {busy ? (
            <Button onClick={stop}>Stop</Button>
          ) : (
            <Button
              kind="primary"
              disabled={!keyId}
              onClick={() =>
                run(named, {
                  project_id: projectId,
                  variables,
                  start: { ...start, prompt },
                  key_id: keyId,
                })
              }
            >
              Run
            </Button>
          )}
        </>
      }
    >
      <div className="mb-4 grid gap-4 sm:grid-cols-[18rem_minmax(0,1fr)]">
        <KeyField keyId={keyId} onChange={setKeyId} />
        <VariablesField value={variables} onChange={setVariables} />
      </div>
      <div className="thin-scroll flex items-stretch gap-3 overflow-x-auto pb-2">
        {named.map((column, index) => (
          <ColumnCard
            key={column.id}
            column={column}
            number={index + 1}
            onChange={(part) => change(column.id, part)}
            onRemove={
              columns.length > 1
                ? () => setColumns(columns.filter(({ id }) => id !== column.id))
                : undefined
            }
            saveLabel={prompt ? `Save as version of ${prompt.name}` : "Save as prompt…"}
            onSave={() =>
              prompt ? save.mutate({ column, variables, name: prompt.name }) : setSaving(column)
            }
          >
            {runs[column.id] && <AnswerView run={runs[column.id] ?? NO_RUN} />}
          </ColumnCard>
        ))}
      </div>
      {saving && (
        <SaveDialog
          busy={save.isPending}
          onSave={(name) => save.mutate({ column: saving, variables, name })}
          onClose={() => setSaving(undefined)}
        />
      )}
    </Page>
  );
}

function RequestTesterLink() {
  return (
    <Link
      to="/projects/$projectId/playground/request"
      params={{ projectId: useProjectId() }}
      className={LINK_BUTTON_CLASSES}
    >
      Request tester
    </Link>
  );
}

interface VariablesFieldProps {
  value: string;
  onChange: (value: string) => void;
}

function VariablesField({ value, onChange }: VariablesFieldProps) {
  return (
    <TextAreaField
      label="Variables"
      value={value}
      rows={2}
      spellCheck={false}
      placeholder='{"question": "Why?"}'
      hint="JSON. Without variables the messages are sent as they are."
      onChange={({ target }) => onChange(target.value)}
    />
  );
}

type Shared = Omit<Parameters<typeof runColumn>[0], "column" | "signal">;

/** The runs of the columns by their id. A new run ends those before it. */
function useRuns() {
  const [runs, setRuns] = useState<Record<number, Run>>({});
  const control = useRef<AbortController>(undefined);
  useEffect(() => () => control.current?.abort(), []);
  const run = (columns: Column[], shared: Shared) => {
    control.current?.abort();
    const { signal } = (control.current = new AbortController());
    setRuns(Object.fromEntries(columns.map(({ id }) => [id, NO_RUN])));
    for (const column of columns) {
      void runColumn({ ...shared, column, signal }, (found) =>
        setRuns((before) => ({ ...before, [column.id]: found })),
      );
    }
  };
  const stop = () => {
    control.current?.abort();
    setRuns((before) =>
      Object.fromEntries(Object.entries(before).map(([id, one]) => [id, { ...one, busy: false }])),
    );
  };
  return { runs, run, stop, busy: Object.values(runs).some((one) => one.busy) };
}
