import type { Role } from "@/shared/session";

/** The roles, weakest first, each with what it adds to the one before. */
export const ROLES: readonly { role: Role; name: string; description: string }[] = [
  { role: "annotator", name: "Annotator", description: "Label what annotation queues show" },
  {
    role: "viewer",
    name: "Viewer",
    description: "View traces, costs, providers, limits and members",
  },
  { role: "editor", name: "Editor", description: "View keys, set prices" },
  {
    role: "admin",
    name: "Admin",
    description:
      "Manage keys, providers, routes, limits, guardrails and members; view the audit log",
  },
  { role: "owner", name: "Owner", description: "Add and remove owners" },
];

/** The roles that a user with role `own` may assign: up to that role. */
export function assignableRoles(own: Role | undefined, instanceAdmin: boolean): typeof ROLES {
  if (instanceAdmin) return ROLES;
  return ROLES.slice(0, ROLES.findIndex(({ role }) => role === own) + 1);
}

export function roleName(role: Role): string {
  return ROLES.find((each) => each.role === role)?.name ?? role;
}
