import { useState } from "react";

import type { Column } from "@/features/datasets/importing/columns";
import { ProgressBar } from "@/features/datasets/importing/ProgressBar";
import { useImport } from "@/features/datasets/importing/useImport";
import type { FileCheck } from "@/features/datasets/importing/work";
import type { Committed } from "@/features/datasets/queries";
import { formatCount } from "@/shared/format/number";
import { Button } from "@/shared/ui/Button";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { CheckboxField, SelectField, TextField } from "@/shared/ui/Field";
import { useToast } from "@/shared/ui/Toasts";

interface ImportFormProps {
  name: string;
  file: File;
  columns: readonly Column[];
  check: FileCheck;
  hasItems: boolean;
  onDone: (done: Committed) => unknown;
}

/** Imports a checked file, with progress. Cancelled or failed, it changes nothing. */
export function ImportForm(props: ImportFormProps) {
  const { name, file, columns, check, hasItems, onDone } = props;
  const { items, errors } = check;
  const [keeps, setKeeps] = useState("replace");
  const [removes, setRemoves] = useState(false);
  const [leavesOut, setLeavesOut] = useState(false);
  const [message, setMessage] = useState("");
  const showToast = useToast();
  const { mutation, sent, cancel } = useImport(name, (done) => {
    showToast({ text: doneText(done) });
    return onDone(done);
  });
  const isBlocked = items === 0 || (errors > 0 && !leavesOut);
  if (mutation.isPending) {
    return (
      <div className="flex flex-wrap items-center gap-4 pt-4">
        <ProgressBar
          label={`${formatCount(sent)} of ${formatCount(items)} items sent`}
          share={sent / items}
        />
        <Button onClick={cancel}>Cancel import</Button>
      </div>
    );
  }
  return (
    <div className="flex max-w-xl flex-col gap-3 pt-6">
      {hasItems && (
        <>
          <SelectField
            label="Items with the id of a present one"
            value={keeps}
            onChange={(event) => setKeeps(event.target.value)}
          >
            <option value="replace">Replace it</option>
            <option value="keep">Change nothing</option>
          </SelectField>
          <CheckboxField
            label="Remove items that the file does not have"
            checked={removes}
            onChange={setRemoves}
          />
        </>
      )}
      {errors > 0 && items > 0 && (
        <CheckboxField
          label={`Leave out the ${formatCount(errors)} ${errors === 1 ? "row" : "rows"} with errors`}
          checked={leavesOut}
          onChange={setLeavesOut}
        />
      )}
      <TextField
        label="Message of the version"
        value={message}
        maxLength={1000}
        placeholder={`Import of ${file.name}`}
        onChange={(event) => setMessage(event.target.value)}
      />
      {mutation.error && <ErrorNotice error={mutation.error} />}
      <div>
        <Button
          kind="primary"
          disabled={isBlocked}
          onClick={() =>
            mutation.mutate({
              file,
              columns,
              keeps_existing: keeps === "keep",
              removes_others: removes,
              message,
            })
          }
        >
          Import {formatCount(items)} {items === 1 ? "item" : "items"}
        </Button>
      </div>
    </div>
  );
}

function doneText({ made, version, counts }: Committed): string {
  if (!made) return "All items were there already: no new version";
  const parts = [
    `${formatCount(counts.added)} added`,
    `${formatCount(counts.changed)} changed`,
    counts.removed && `${formatCount(counts.removed)} removed`,
  ];
  return `Version ${version.version}: ${parts.filter(Boolean).join(", ")}`;
}
