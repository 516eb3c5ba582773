import { MoreHorizontal } from "lucide-react";
import type { ReactNode } from "react";

import { IconButton } from "@/shared/ui/Button";
import { Menu, MenuItem } from "@/shared/ui/Menu";

/** The menu of actions at the end of a table row. `subject` names the row's item. */
export function RowMenu({ subject, children }: { subject: string; children: ReactNode }) {
  return (
    <Menu
      align="end"
      trigger={
        <IconButton label={`Actions for ${subject}`}>
          <MoreHorizontal size={16} />
        </IconButton>
      }
    >
      {children}
    </Menu>
  );
}

/** A menu item for an action that removes or revokes something. */
export function DangerMenuItem(props: { onSelect: () => void; children: ReactNode }) {
  return (
    <MenuItem onSelect={props.onSelect}>
      <span className="text-danger">{props.children}</span>
    </MenuItem>
  );
}
