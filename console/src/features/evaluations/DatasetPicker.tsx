import { useQuery } from "@tanstack/react-query";

import { datasetChoicesQuery } from "@/shared/datasets/queries";
import { useProjectId } from "@/shared/session";
import { SelectInput } from "@/shared/ui/Field";

interface DatasetPickerProps {
  value: string;
  onChange: (name: string) => void;
}

/** Chooses one of the datasets of the project that have items. */
export function DatasetPicker({ value, onChange }: DatasetPickerProps) {
  const datasets = useQuery(datasetChoicesQuery(useProjectId())).data ?? [];
  const options = datasets
    .filter(({ newest }) => newest !== null)
    .map(({ name }) => ({ value: name, name }));
  return (
    <SelectInput
      label="Dataset"
      value={value}
      onChange={onChange}
      options={value ? options : [{ value: "", name: "Dataset …" }, ...options]}
    />
  );
}
