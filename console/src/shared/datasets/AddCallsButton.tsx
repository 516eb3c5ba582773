import { useState } from "react";

import type { ChosenCalls } from "@/shared/datasets/addCalls";
import { AddCallsDialog } from "@/shared/datasets/AddCallsDialog";
import { useMay } from "@/shared/session";
import { Button } from "@/shared/ui/Button";

/** Opens the dialog that adds calls to a dataset, for those who may. */
export function AddCallsButton({ calls }: { calls: ChosenCalls }) {
  const [open, setOpen] = useState(false);
  if (!useMay()("datasets:write")) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>Add to dataset</Button>
      {open && <AddCallsDialog calls={calls} onClose={() => setOpen(false)} />}
    </>
  );
}
