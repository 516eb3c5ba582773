import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { LogOut } from "lucide-react";

import { useSession, useSignOut } from "@/shared/session";
import { Menu, MenuItem, MenuLabel } from "@/shared/ui/Menu";

export function UserMenu() {
  const { label } = useSession();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const signOut = useSignOut(async () => {
    queries.clear();
    await navigate({ to: "/sign-in" });
  });
  return (
    <Menu
      side="top"
      trigger={
        <button
          type="button"
          className="flex h-8 w-full min-w-0 items-center gap-2 rounded-md px-1.5 text-ink-2 hover:bg-hover hover:text-ink"
        >
          <span
            aria-hidden
            className="grid size-5 shrink-0 place-items-center rounded-full bg-line-strong text-2xs font-semibold text-ink uppercase"
          >
            {label.slice(0, 1)}
          </span>
          <span className="truncate max-md:sr-only">
            <span className="sr-only">Signed in as </span>
            {label}
          </span>
        </button>
      }
    >
      <MenuLabel>{label}</MenuLabel>
      <MenuItem onSelect={() => signOut.mutate()}>
        <LogOut size={14} className="text-ink-3" />
        Sign out
      </MenuItem>
    </Menu>
  );
}
