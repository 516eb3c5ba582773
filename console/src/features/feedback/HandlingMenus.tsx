import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import type { ReactNode } from "react";

import { useHandleFeedback, type Feedback, type FeedbackStatus } from "@/features/feedback/queries";
import { STATUSES } from "@/features/feedback/search";
import { memberEmailsQuery } from "@/shared/memberEmails";
import { useHasRole, useProjectId } from "@/shared/session";
import { Badge, type Tone } from "@/shared/ui/Badge";
import { Menu, MenuItem } from "@/shared/ui/Menu";
import { Cell } from "@/shared/ui/Table";

const TONES: Record<FeedbackStatus, Tone> = {
  new: "accent",
  open: "warn",
  resolved: "ok",
  dismissed: "neutral",
};

/** The cells of status and assignee; menus for editors. */
export function HandlingMenus({ item }: { item: Feedback }) {
  const mayHandle = useHasRole("editor");
  const handle = useHandleFeedback();
  const { status, assignee } = item;
  const statusBadge = <Badge tone={TONES[status]}>{status}</Badge>;
  return (
    <>
      <Cell>
        {mayHandle ? (
          <CellMenu label={`Status: ${status}`} shown={statusBadge}>
            {STATUSES.map(({ value, name }) =>
              value === "all" ? null : (
                <MenuItem
                  key={value}
                  checked={value === status}
                  onSelect={() => handle.mutate({ feedback: item, status: value, assignee })}
                >
                  {name}
                </MenuItem>
              ),
            )}
          </CellMenu>
        ) : (
          statusBadge
        )}
      </Cell>
      <Cell className="text-ink-2">
        {mayHandle ? (
          <AssigneeMenu
            item={item}
            onAssign={(to) =>
              handle.mutate({
                feedback: item,
                status: to && status === "new" ? "open" : status,
                assignee: to,
              })
            }
          />
        ) : (
          assignee
        )}
      </Cell>
    </>
  );
}

interface AssigneeMenuProps {
  item: Feedback;
  onAssign: (assignee: string) => void;
}

function AssigneeMenu({ item, onAssign }: AssigneeMenuProps) {
  const members = useQuery(memberEmailsQuery(useProjectId())).data ?? [];
  const shown = <span className="truncate">{item.assignee || "Nobody"}</span>;
  return (
    <CellMenu label={`Assignee: ${item.assignee || "nobody"}`} shown={shown}>
      <MenuItem checked={!item.assignee} onSelect={() => onAssign("")}>
        Nobody
      </MenuItem>
      {members.map((email) => (
        <MenuItem key={email} checked={email === item.assignee} onSelect={() => onAssign(email)}>
          {email}
        </MenuItem>
      ))}
    </CellMenu>
  );
}

interface CellMenuProps {
  label: string;
  shown: ReactNode;
  children: ReactNode;
}

function CellMenu({ label, shown, children }: CellMenuProps) {
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={label}
          className="-ml-1 inline-flex h-7 max-w-40 items-center gap-1 rounded-md px-1 hover:bg-line"
        >
          {shown}
          <ChevronDown size={14} className="shrink-0 text-ink-3" />
        </button>
      }
    >
      {children}
    </Menu>
  );
}
