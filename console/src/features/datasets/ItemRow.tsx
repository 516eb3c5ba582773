import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useState } from "react";

import type { Item } from "@/features/datasets/queries";
import { itemText } from "@/shared/datasets/itemText";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { Cell, FROM_LG, FROM_MD, Row, RowDetails } from "@/shared/ui/Table";
import { NoText, TextBox } from "@/shared/ui/TextBox";

/** One item; below it, once opened, all of its members. */
export function ItemRow({ item }: { item: Item }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Row>
        <Cell>
          <IconButton
            label={`Details of ${item.id}`}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <ChevronRight size={14} className={cx("transition-transform", open && "rotate-90")} />
          </IconButton>
        </Cell>
        <Cell className="max-w-40 truncate font-mono text-xs">{item.id}</Cell>
        <Cell className="max-w-0 min-w-40 truncate">{itemText(item.input)}</Cell>
        <Cell className={`max-w-0 truncate text-ink-2 ${FROM_MD}`}>{itemText(item.expected)}</Cell>
        <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>{item.split}</Cell>
        <Cell className={`max-w-56 truncate text-ink-2 ${FROM_LG}`}>
          <Origin item={item} />
        </Cell>
      </Row>
      {open && (
        <tr className="border-b border-line">
          <td colSpan={6} className="py-3">
            <RowDetails>
              <Members item={item} />
            </RowDetails>
          </td>
        </tr>
      )}
    </>
  );
}

/** Where an item comes from: a call, or a place in a file. */
function Origin({ item: { source } }: { item: Item }) {
  const projectId = useProjectId();
  if (!source.trace_id) return source.place || source.kind || "";
  return (
    <Link
      to="/projects/$projectId/traces/$traceId"
      params={{ projectId, traceId: source.trace_id }}
      className="text-accent hover:underline"
    >
      Trace
    </Link>
  );
}

function Members({ item }: { item: Item }) {
  const metadata = Object.keys(item.metadata).length > 0 ? itemText(item.metadata) : "";
  return (
    <div className="grid gap-3 md:grid-cols-2">
      <TextBox name="Input">{itemText(item.input)}</TextBox>
      <TextBox name="Expected">
        {itemText(item.expected) || <NoText>nothing expected</NoText>}
      </TextBox>
      {item.context.length > 0 && <TextBox name="Context">{item.context.join("\n\n")}</TextBox>}
      {metadata && <TextBox name="Metadata">{metadata}</TextBox>}
      {item.findings.length > 0 && (
        <span className="flex flex-wrap items-center gap-1 text-xs text-ink-3">
          Personal data:
          {item.findings.map((finding) => (
            <Badge key={finding} tone="warn">
              {finding}
            </Badge>
          ))}
        </span>
      )}
    </div>
  );
}
