import { useQuery } from "@tanstack/react-query";

import { DatasetPicker } from "@/features/evaluations/DatasetPicker";
import type { RunForm } from "@/features/evaluations/runForm";
import { splitChoicesQuery, versionChoicesQuery } from "@/shared/datasets/queries";
import { formatCount } from "@/shared/format/number";
import type { FormState } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { SelectInput } from "@/shared/ui/Field";

type Items = Pick<RunForm, "dataset" | "version" | "split">;

/** The items of a run: a dataset, one of its versions, and a split. */
export function DatasetField({ form }: { form: FormState<Items> }) {
  const projectId = useProjectId();
  const { dataset, version, split } = form.values;
  const versions = useQuery(versionChoicesQuery(projectId, dataset)).data ?? [];
  const splits = useQuery(splitChoicesQuery(projectId, dataset, version)).data ?? [];
  const named = splits.filter(({ name }) => name);
  const error = form.errorOf("dataset") ?? form.errorOf("version") ?? form.errorOf("split");
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="mb-1 text-sm font-medium">Dataset</legend>
      <div className="flex flex-wrap gap-2">
        <DatasetPicker
          value={dataset}
          onChange={(name) => form.change({ dataset: name, version: "", split: "" })}
        />
        {dataset && (
          <SelectInput
            label="Version"
            value={version}
            options={[
              { value: "", name: "Newest version" },
              ...versions.map((each) => ({
                value: String(each.version),
                name: [`Version ${each.version}`, each.message].filter(Boolean).join(" – "),
              })),
            ]}
            onChange={(next) => form.change({ version: next, split: "" })}
          />
        )}
        {named.length > 0 && (
          <SelectInput
            label="Split"
            value={split}
            options={[
              { value: "", name: "All items" },
              ...named.map(({ name, item_count }) => ({
                value: name,
                name: `${name} (${formatCount(item_count)})`,
              })),
            ]}
            onChange={(next) => form.change({ split: next })}
          />
        )}
      </div>
      {error && <p className="text-xs text-danger">{error}</p>}
    </fieldset>
  );
}
