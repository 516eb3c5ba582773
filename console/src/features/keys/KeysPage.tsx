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
import { CheckField } from "@/shared/ui/CheckField";
import { cx } from "@/shared/ui/classes";
import { Denied } from "@/shared/ui/Denied";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loaded } from "@/shared/ui/Loaded";
import { Page } from "@/shared/ui/Page";
import { SearchInput } from "@/shared/ui/SearchInput";
import { useNow } from "@/shared/ui/useNow";

/** From here on a list wants a way to find something in it. */
const MANY = 8;

type Open = { deed: "create" } | { deed: "rotate" | "revoke"; key: Key } | null;

export function KeysPage() {
  const mayRead = useHasRole("editor");
  const mayWrite = useHasRole("admin");
  const [open, setOpen] = useState<Open>(null);
  const create = (
    <Button kind="primary" onClick={() => setOpen({ deed: "create" })}>
      Create key
    </Button>
  );
  return (
    <Page title="Keys" actions={mayWrite && create}>
      {mayRead ? (
        <Keys mayWrite={mayWrite} onOpen={setOpen} create={create} />
      ) : (
        <Denied what="Keys are" role="editor" />
      )}
      {open?.deed === "create" && <CreateKeyDialog onClose={() => setOpen(null)} />}
      {open?.deed === "rotate" && (
        <RotateKeyDialog subject={open.key} onClose={() => setOpen(null)} />
      )}
      {open?.deed === "revoke" && (
        <RevokeKeyDialog subject={open.key} onClose={() => setOpen(null)} />
      )}
    </Page>
  );
}

interface KeysProps {
  mayWrite: boolean;
  create: ReactNode;
  onOpen: (open: Open) => void;
}

function Keys({ mayWrite, create, onOpen }: KeysProps) {
  const query = useQuery(keysQuery(useProjectId()));
  return (
    <Loaded query={query}>
      {(keys) =>
        keys.length === 0 ? (
          <EmptyState title="No keys yet" action={mayWrite && create}>
            Applications send a key with each call. It says which project they belong to and which
            models they may use.
          </EmptyState>
        ) : (
          <FilteredKeys keys={keys} mayWrite={mayWrite} onOpen={onOpen} />
        )
      }
    </Loaded>
  );
}

interface FilteredKeysProps {
  keys: Key[];
  mayWrite: boolean;
  onOpen: (open: Open) => void;
}

function FilteredKeys({ keys, mayWrite, onOpen }: FilteredKeysProps) {
  const [text, setText] = useState("");
  const [withEnded, setWithEnded] = useState(false);
  const now = useNow();
  const ended = keys.filter((key) => !stateOf(key, now).alive).length;
  const someEnded = ended > 0 && ended < keys.length;
  const many = keys.length > MANY;
  const shown = keys.filter(
    (key) => matches(key, text) && (withEnded || stateOf(key, now).alive || ended === keys.length),
  );
  return (
    <>
      <div className={cx("mb-2 flex h-8 items-center gap-4", !many && !someEnded && "hidden")}>
        {many && <SearchInput label="Find keys" value={text} onChange={setText} />}
        {someEnded && (
          <CheckField
            label={<span className="font-normal text-ink-2">Show {ended} ended</span>}
            checked={withEnded}
            onChange={setWithEnded}
          />
        )}
      </div>
      {shown.length === 0 ? (
        <EmptyState title="No key matches">
          Names, prefixes, ids and attributes are searched.
        </EmptyState>
      ) : (
        <KeyTable
          keys={shown}
          {...(mayWrite && {
            onRotate: (key: Key) => onOpen({ deed: "rotate", key }),
            onRevoke: (key: Key) => onOpen({ deed: "revoke", key }),
          })}
        />
      )}
    </>
  );
}
