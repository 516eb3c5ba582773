import { canSend, MAX_FILE_BYTES } from "@/features/playground/request/files";
import { formatBytes } from "@/shared/format/number";
import { TextField } from "@/shared/ui/Field";

interface FileFieldProps {
  label: string;
  accept: string;
  file: File | undefined;
  onChange: (file: File | undefined) => void;
}

/** Chooses the file of a form. */
export function FileField({ label, accept, file, onChange }: FileFieldProps) {
  const limit = formatBytes(MAX_FILE_BYTES);
  const isTooLarge = file !== undefined && !canSend(file);
  return (
    <TextField
      type="file"
      label={label}
      accept={accept}
      hint={file ? `${formatBytes(file.size)}, ${file.type || "type unknown"}` : `Up to ${limit}.`}
      error={
        isTooLarge
          ? `The file has ${formatBytes(file.size)}: choose one up to ${limit}.`
          : undefined
      }
      className="py-1 file:mr-3 file:cursor-pointer file:font-medium file:text-accent"
      onChange={({ target }) => onChange(target.files?.[0])}
    />
  );
}
