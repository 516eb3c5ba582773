import { Link } from "@tanstack/react-router";
import { Keyboard, Search } from "lucide-react";

import { usePermittedPages } from "@/app/access";
import { isListed } from "@/app/pages";
import { ProjectSwitcher } from "@/app/ProjectSwitcher";
import { ThemeSwitch } from "@/app/ThemeSwitch";
import { UserMenu } from "@/app/UserMenu";
import { Bell } from "@/features/notifications/Bell";
import { useProjectId } from "@/shared/session";
import { IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";

interface NavigationProps {
  onHelp: () => void;
  /** Opens the palette. */
  onFind: () => void;
}

export function Navigation({ onHelp, onFind }: NavigationProps) {
  const projectId = useProjectId();
  return (
    <nav
      aria-label="Main"
      className="flex w-12 shrink-0 flex-col border-r border-line bg-sunken md:w-44"
    >
      <div className="flex h-14 items-center px-2">
        <ProjectSwitcher />
      </div>
      <ul className="thin-scroll flex flex-1 flex-col gap-px overflow-y-auto px-2 pt-1">
        {usePermittedPages()
          .filter(isListed)
          .map(({ to, name, icon: Icon, keys, ...page }) => (
            <li key={to} className={cx("gap" in page && "pt-3")}>
              <Link
                to={to}
                params={{ projectId }}
                title={`${name} (${keys})`}
                className="flex h-8 items-center gap-2.5 rounded-md px-2 text-sm font-medium text-ink-2 hover:bg-hover hover:text-ink data-[status=active]:bg-accent-soft data-[status=active]:text-accent"
              >
                <Icon size={16} strokeWidth={1.75} className="shrink-0" />
                <span className="max-md:sr-only">{name}</span>
              </Link>
            </li>
          ))}
      </ul>
      <div className="flex flex-col gap-1 border-t border-line p-2">
        <div className="flex max-md:flex-col md:gap-0.5">
          <Bell />
          <ThemeSwitch />
          <IconButton label="Go to (Ctrl K)" onClick={onFind}>
            <Search size={16} strokeWidth={1.75} />
          </IconButton>
          <IconButton label="Keyboard shortcuts (?)" onClick={onHelp}>
            <Keyboard size={16} strokeWidth={1.75} />
          </IconButton>
        </div>
        <UserMenu />
      </div>
    </nav>
  );
}
