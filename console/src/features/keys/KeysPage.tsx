import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { CreateKeyDialog } from "@/features/keys/CreateKeyDialog";
import { KeyTable } from "@/features/keys/KeyTable";
import { keysQuery, type Key } from "@/features/keys/queries";
import { RevokeKeyDialog } from "@/features/keys/RevokeKeyDialog";
import { RotateKeyDialog } from "@/features/keys/RotateKeyDialog";
import { matches, stateOf } from "@/features/keys/state";
import { useHasRole, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { EmptyState } from "@/shared/ui/EmptyState";
import { CheckboxField } from "@/shared/ui/Field";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Page } from "@/shared/ui/Page";
import { SearchInput } from "@/shared/ui/SearchInput";
import { useNow } from "@/shared/ui/useNow";

/** A search field is shown above lists longer than this. */
const SEARCH_ABOVE = 8;

type OpenDialog = { kind: "create" } | { kind: "rotate" | "revoke"; key: Key } | null;

export function KeysPage() {
  const canWrite = useHasRole("admin");
  const [open, setOpen] = useState<OpenDialog>(null);
  const create = (
    <Button kind="primary" onClick={() => setOpen({ kind: "create" })}>
      Create key
    </Button>
  );
  return (
    <Page title="Keys" actions={canWrite && create}>
      <Keys canWrite={canWrite} onOpen={setOpen} create={create} />
      {open?.kind === "create" && <CreateKeyDialog onClose={() => setOpen(null)} />}
      {open?.kind === "rotate" && (
        <RotateKeyDialog subject={open.key} onClose={() => setOpen(null)} />
      )}
      {open?.kind === "revoke" && (
        <RevokeKeyDialog subject={open.key} onClose={() => setOpen(null)} />
      )}
    </Page>
  );
}

interface KeysProps {
  canWrite: boolean;
  create: ReactNode;
  onOpen: (open: OpenDialog) => void;
}

function Keys({ canWrite, create, onOpen }: KeysProps) {
  const query = useQuery(keysQuery(useProjectId()));
  return (
    <QueryContent query={query}>
      {(keys) =>
        keys.length === 0 ? (
          <EmptyState title="No keys yet" action={canWrite && create}>
            Applications send a key with every call. It identifies the project and limits the models
            they can use.
          </EmptyState>
        ) : (
          <FilteredKeys keys={keys} canWrite={canWrite} onOpen={onOpen} />
        )
      }
    </QueryContent>
  );
}

interface FilteredKeysProps {
  keys: Key[];
  canWrite: boolean;
  onOpen: (open: OpenDialog) => void;
}

function FilteredKeys({ keys, canWrite, onOpen }: FilteredKeysProps) {
  const [text, setText] = useState("");
  const [showEnded, setShowEnded] = useState(false);
  const now = useNow();
  const ended = keys.filter((key) => !stateOf(key, now).usable).length;
  const hasEnded = ended > 0 && ended < keys.length;
  const many = keys.length > SEARCH_ABOVE;
  const isUsable = (key: Key) => stateOf(key, now).usable;
  const found = keys.filter((key) => matches(key, text));
  const usable = found.filter(isUsable);
  const withEnded = showEnded || ended === keys.length;
  const shown = withEnded ? [...usable, ...found.filter((key) => !isUsable(key))] : usable;
  return (
    <>
      <div className={cx("mb-2 flex h-8 items-center gap-4", !many && !hasEnded && "hidden")}>
        {many && <SearchInput label="Search keys" value={text} onChange={setText} />}
        {hasEnded && (
          <CheckboxField
            label={<span className="font-normal text-ink-2">Show {ended} expired or revoked</span>}
            checked={showEnded}
            onChange={setShowEnded}
          />
        )}
      </div>
      {shown.length === 0 ? (
        <EmptyState title="No matching keys">
          The search covers names, prefixes, ids and attribution.
        </EmptyState>
      ) : (
        <KeyTable
          keys={shown}
          {...(canWrite && {
            onRotate: (key: Key) => onOpen({ kind: "rotate", key }),
            onRevoke: (key: Key) => onOpen({ kind: "revoke", key }),
          })}
        />
      )}
    </>
  );
}
