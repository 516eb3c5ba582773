import type { Role } from "@/shared/session";

/** The roles, weakest first, with what each adds to those before it. */
export const ROLES: readonly { role: Role; name: string; does: string }[] = [
  { role: "viewer", name: "Viewer", does: "sees traces, costs, providers, members" },
  { role: "editor", name: "Editor", does: "also sees keys and sets prices" },
  { role: "admin", name: "Admin", does: "also manages keys, providers, members; reads the audit" },
  { role: "owner", name: "Owner", does: "also names and unnames owners" },
];

/** The roles that somebody with `own` may give: nobody gives more than they have. */
export function rolesToGive(own: Role | undefined, instanceAdmin: boolean): typeof ROLES {
  if (instanceAdmin) return ROLES;
  return ROLES.slice(0, ROLES.findIndex(({ role }) => role === own) + 1);
}

export function roleName(role: Role): string {
  return ROLES.find((each) => each.role === role)?.name ?? role;
}
