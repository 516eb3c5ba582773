import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { Key } from "@/features/keys/queries";
import { attributionOf, stateOf } from "@/features/keys/state";
import { usageQuery } from "@/shared/api/usage";
import { formatDateTime } from "@/shared/format/time";
import { formatCount } from "@/shared/format/number";
import { roleName } from "@/shared/roles";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { MenuItem } from "@/shared/ui/Menu";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { Money, RelativeTime } from "@/shared/ui/Values";
import { useNow } from "@/shared/ui/useNow";

const PAGE_SIZE = 200;

interface KeyTableProps {
  keys: Key[];
  onRotate?: (key: Key) => void;
  onRevoke?: (key: Key) => void;
}

export function KeyTable({ keys, onRotate, onRevoke }: KeyTableProps) {
  const [limit, setLimit] = useState(PAGE_SIZE);
  return (
    <>
      <Table label="Keys">
        <TableHead>
          <HeadCell>Name</HeadCell>
          <HeadCell className="max-sm:hidden">Key</HeadCell>
          <HeadCell>State</HeadCell>
          <HeadCell className={FROM_LG}>API role</HeadCell>
          <HeadCell className={FROM_LG}>Models</HeadCell>
          <HeadCell className={FROM_LG}>Attribution</HeadCell>
          <HeadCell numeric className={FROM_MD}>
            Calls, 24 h
          </HeadCell>
          <HeadCell numeric className={FROM_MD}>
            Cost, 24 h
          </HeadCell>
          <HeadCell className={FROM_LG}>Created</HeadCell>
          <HeadCell />
        </TableHead>
        <tbody>
          {keys.slice(0, limit).map((key) => (
            <KeyRow key={key.id} subject={key} onRotate={onRotate} onRevoke={onRevoke} />
          ))}
        </tbody>
      </Table>
      {keys.length > limit && (
        <div className="mt-3 text-center">
          <Button onClick={() => setLimit(limit + PAGE_SIZE)}>
            Show more ({formatCount(keys.length)} in total)
          </Button>
        </div>
      )}
    </>
  );
}

interface KeyRowProps {
  subject: Key;
  onRotate?: ((key: Key) => void) | undefined;
  onRevoke?: ((key: Key) => void) | undefined;
}

function KeyRow({ subject, onRotate, onRevoke }: KeyRowProps) {
  const state = stateOf(subject, useNow());
  return (
    <Row className={state.usable ? undefined : "text-ink-3"}>
      <Cell className="max-w-56">
        <div className="truncate font-medium" title={subject.name}>
          {subject.name}
        </div>
      </Cell>
      <Cell className="font-mono text-xs whitespace-nowrap max-sm:hidden">
        {subject.prefix ? `${subject.prefix}…` : "–"}
      </Cell>
      <Cell>
        <State subject={subject} />
      </Cell>
      <Cell className={cx("text-ink-2", FROM_LG)}>
        {subject.role ? (
          roleName(subject.role)
        ) : (
          <span className="text-ink-3">{subject.scopes.join(", ") || "none"}</span>
        )}
      </Cell>
      <Cell className={cx("max-w-56", FROM_LG)}>
        <Models models={subject.allowed_models} />
      </Cell>
      <Cell className={cx("max-w-64", FROM_LG)}>
        <Attributes subject={subject} />
      </Cell>
      <UsageCells keyId={subject.id} />
      <Cell className={cx("text-ink-2", FROM_LG)}>
        <RelativeTime at={subject.created_at} />
      </Cell>
      <Cell className="w-8 text-right">
        {state.usable && onRotate && onRevoke && (
          <RowMenu subject={subject.name}>
            <MenuItem onSelect={() => onRotate(subject)}>Rotate…</MenuItem>
            <DangerMenuItem onSelect={() => onRevoke(subject)}>Revoke…</DangerMenuItem>
          </RowMenu>
        )}
      </Cell>
    </Row>
  );
}

function State({ subject }: { subject: Key }) {
  const state = stateOf(subject, useNow());
  const until = subject.revoked_at ?? subject.expires_at;
  return (
    <span
      className="inline-flex items-center gap-2 whitespace-nowrap"
      title={until ? formatDateTime(until) : "Never expires"}
    >
      <Badge tone={state.tone}>{state.name}</Badge>
      {until !== null && (
        <span className="text-xs text-ink-3">
          <RelativeTime at={until} />
        </span>
      )}
    </span>
  );
}

function Models({ models }: { models: string[] }) {
  if (models.length === 0) return <span className="text-ink-3">all</span>;
  return (
    <div className="truncate font-mono text-xs" title={models.join("\n")}>
      {models.join(", ")}
    </div>
  );
}

function Attributes({ subject }: { subject: Key }) {
  const attributes = attributionOf(subject);
  if (attributes.length === 0) return <span className="text-ink-3">none</span>;
  return (
    <div className="truncate" title={attributes.map((a) => `${a.name}: ${a.value}`).join("\n")}>
      {attributes.map(({ name, value }) => (
        <span key={name} className="mr-3">
          <span className="text-ink-3">{name}</span> {value}
        </span>
      ))}
    </div>
  );
}

function UsageCells({ keyId }: { keyId: string }) {
  const projectId = useProjectId();
  const usage = useQuery(usageQuery(projectId)).data?.byKey.get(keyId);
  if (!usage) {
    return (
      <>
        <Cell numeric className={cx("text-ink-3", FROM_MD)}>
          –
        </Cell>
        <Cell numeric className={cx("text-ink-3", FROM_MD)}>
          –
        </Cell>
      </>
    );
  }
  return (
    <>
      <Cell numeric className={FROM_MD}>
        <Link
          to="/projects/$projectId/traces"
          params={{ projectId }}
          search={{ key_id: [keyId] }}
          className="hover:text-accent hover:underline"
        >
          {formatCount(usage.requests)}
        </Link>
      </Cell>
      <Cell numeric className={FROM_MD}>
        <Money amount={usage.cost} />
      </Cell>
    </>
  );
}
