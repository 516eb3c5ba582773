import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { CheckResult } from "@/features/datasets/importing/CheckResult";
import { isExport, usualColumns, type Column } from "@/features/datasets/importing/columns";
import { ColumnTable } from "@/features/datasets/importing/ColumnTable";
import { FileInput } from "@/features/datasets/importing/FileInput";
import { ImportForm } from "@/features/datasets/importing/ImportForm";
import { ProgressBar } from "@/features/datasets/importing/ProgressBar";
import { readRows } from "@/features/datasets/importing/rows";
import { checkFile } from "@/features/datasets/importing/work";
import { datasetQuery } from "@/features/datasets/queries";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { ErrorNotice } from "@/shared/ui/ErrorState";

const FROM = "/signed-in/projects/$projectId/datasets/$name/_import";
/** Rows whose columns are looked at. */
const LOOKED = 50;

/** Imports a file into a dataset: columns, a check that changes nothing, then one version. */
export function ImportPage() {
  const { name } = useParams({ from: FROM });
  const [file, setFile] = useState<File>();
  return (
    <DetailPage list={{ to: "/projects/$projectId/datasets", name: "Datasets" }}>
      <DetailHeader title={`Import into ${name}`} />
      <FileInput file={file} onChange={setFile} />
      {file && <ChosenFile key={`${file.name} ${file.lastModified} ${file.size}`} file={file} />}
    </DetailPage>
  );
}

function ChosenFile({ file }: { file: File }) {
  const query = useQuery({
    queryKey: ["import-file", file.name, file.lastModified, file.size],
    queryFn: () => lookAt(file),
    gcTime: 0,
    retry: false,
    staleTime: Infinity,
  });
  if (query.isError) {
    return (
      <div className="pt-4">
        <ErrorNotice error={query.error} />
      </div>
    );
  }
  return query.data && <MappedFile file={file} look={query.data} />;
}

interface FileLook {
  columns: Column[];
  examples: Record<string, unknown>;
  /** Whether the file was exported from a dataset: its columns need no choice. */
  exported: boolean;
}

/** The columns of the first rows of a file. */
async function lookAt(file: File): Promise<FileLook> {
  const examples: Record<string, unknown> = {};
  let [looked, exported] = [0, true];
  for await (const { fields, problem } of readRows(file)) {
    for (const [name, value] of Object.entries(fields)) {
      if ((examples[name] ?? "") === "") examples[name] = value;
    }
    if (!problem && !isExport(fields)) exported = false;
    looked += 1;
    if (looked === LOOKED) break;
  }
  if (looked === 0) throw new Error(`${file.name} has no rows.`);
  return { columns: usualColumns(Object.keys(examples)), examples, exported };
}

function MappedFile({ file, look }: { file: File; look: FileLook }) {
  const { projectId, name } = useParams({ from: FROM });
  const navigate = useNavigate();
  const [columns, setColumns] = useState(look.columns);
  const [share, setShare] = useState(0);
  const dataset = useQuery(datasetQuery(projectId, name)).data;
  const hasInput = look.exported || columns.some(({ role }) => role === "input");
  const check = useQuery({
    queryKey: ["import-check", file.name, file.lastModified, file.size, columns],
    queryFn: ({ signal }) => checkFile(file, columns, { signal, onProgress: setShare }),
    enabled: hasInput,
    gcTime: 0,
    retry: false,
    staleTime: Infinity,
  });
  return (
    <>
      {look.exported ? (
        <p className="pt-4 text-sm text-ink-2">
          This file was exported from a dataset: its items keep their ids and origins.
        </p>
      ) : (
        <section aria-label="Columns" className="pt-6">
          <h2 className="text-sm font-medium">Columns</h2>
          <p className="pb-1 text-xs text-ink-3">
            Several inputs become one object of variables. Cells that are JSON are parsed.
          </p>
          <ColumnTable columns={columns} examples={look.examples} onChange={setColumns} />
        </section>
      )}
      {!hasInput && <p className="pt-4 text-sm text-warn">Choose the column of the input.</p>}
      {hasInput && check.isPending && <ProgressBar label="Checking" share={share} />}
      {check.isError && <ErrorNotice error={check.error} />}
      {hasInput && check.data && (
        <>
          <CheckResult check={check.data} />
          <ImportForm
            key={check.dataUpdatedAt}
            name={name}
            file={file}
            columns={columns}
            check={check.data}
            hasItems={Boolean(dataset?.newest)}
            onDone={(done) =>
              navigate({
                to: "/projects/$projectId/datasets/$name",
                params: { projectId, name },
                search: { version: done.version.version },
              })
            }
          />
        </>
      )}
    </>
  );
}
