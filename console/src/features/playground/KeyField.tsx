import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { usableKeysQuery } from "@/shared/calls/keys";
import { useProjectId } from "@/shared/session";
import { SelectField } from "@/shared/ui/Field";

interface KeyFieldProps {
  keyId: string;
  onChange: (id: string) => void;
}

/** The key that calls are sent as. Chooses the first one without a role. */
export function KeyField({ keyId, onChange }: KeyFieldProps) {
  const keys = useQuery(usableKeysQuery(useProjectId())).data;
  const first = keys?.find(({ role }) => !role)?.id ?? keys?.[0]?.id ?? "";
  useEffect(() => {
    if (!keyId && first) onChange(first);
  }, [keyId, first, onChange]);
  return (
    <SelectField
      label="Key"
      value={keyId}
      hint="Its limits and budgets hold, and it pays."
      onChange={({ target }) => onChange(target.value)}
    >
      {keys?.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </SelectField>
  );
}
