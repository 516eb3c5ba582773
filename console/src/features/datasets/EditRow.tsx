import { ChevronRight, RotateCcw, Trash2 } from "lucide-react";
import { useState, type ChangeEvent } from "react";

import { editOf, editProblem, NEW_ITEM, type ItemEdit } from "@/features/datasets/itemChanges";
import type { Item } from "@/features/datasets/queries";
import { IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { TextAreaField } from "@/shared/ui/Field";
import { Cell, FROM_MD, Row } from "@/shared/ui/Table";

interface EditRowProps {
  /** `undefined`: a new item. */
  item: Item | undefined;
  /** What was changed, if anything. */
  edit: ItemEdit | undefined;
  removed: boolean;
  onEdit: (edit: ItemEdit) => void;
  onRemove: () => void;
}

/** One item whose texts are edited in place. */
export function EditRow({ item, edit, removed, onEdit, onRemove }: EditRowProps) {
  const [open, setOpen] = useState(false);
  const shown = edit ?? (item ? editOf(item) : NEW_ITEM);
  const problem = edit && editProblem(item, edit);
  const name = item?.id ?? "new item";
  const text = (field: keyof ItemEdit) => ({
    value: shown[field],
    disabled: removed,
    onChange: (event: ChangeEvent<HTMLTextAreaElement | HTMLInputElement>) =>
      onEdit({ ...shown, [field]: event.target.value }),
  });
  return (
    <>
      <Row className={cx("align-top", edit && "bg-accent-soft", removed && "opacity-50")}>
        <Cell className={`max-w-32 truncate pt-3 font-mono text-xs ${FROM_MD}`}>
          {item ? item.id : "new"}
        </Cell>
        <Cell>
          <textarea aria-label={`Input of ${name}`} rows={2} className={BOX} {...text("input")} />
          {problem && <p className="pb-1 text-xs text-danger">{problem}</p>}
        </Cell>
        <Cell>
          <textarea
            aria-label={`Expected of ${name}`}
            rows={2}
            className={BOX}
            {...text("expected")}
          />
        </Cell>
        <Cell className={FROM_MD}>
          <input aria-label={`Split of ${name}`} className={cx(BOX, "w-20")} {...text("split")} />
        </Cell>
        <EditActions
          name={name}
          open={open}
          removed={removed}
          onOpen={() => setOpen(!open)}
          onRemove={onRemove}
        />
      </Row>
      {open && (
        <tr className="border-b border-line">
          <td colSpan={5} className="py-3">
            <div className="grid gap-3 md:grid-cols-2">
              <TextAreaField
                label="Context"
                hint="Passages, an empty line between two."
                {...text("context")}
              />
              <TextAreaField label="Metadata" hint="A JSON object." {...text("metadata")} />
            </div>
          </td>
        </tr>
      )}
    </>
  );
}

const BOX =
  "my-1 block w-full resize-y rounded-md border border-transparent bg-transparent px-1.5 py-1 text-sm hover:border-line-strong focus:border-accent";

interface EditActionsProps {
  name: string;
  open: boolean;
  removed: boolean;
  onOpen: () => void;
  onRemove: () => void;
}

function EditActions({ name, open, removed, onOpen, onRemove }: EditActionsProps) {
  return (
    <Cell className="pt-1.5 whitespace-nowrap">
      <IconButton label={`More of ${name}`} aria-expanded={open} onClick={onOpen}>
        <ChevronRight size={14} className={cx("transition-transform", open && "rotate-90")} />
      </IconButton>
      <IconButton label={`${removed ? "Keep" : "Remove"} ${name}`} onClick={onRemove}>
        {removed ? <RotateCcw size={14} /> : <Trash2 size={14} />}
      </IconButton>
    </Cell>
  );
}
