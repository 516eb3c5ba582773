import type { AuditEvent } from "@/features/audit/queries";

const ACTION_TEXTS: Record<string, string> = {
  "key.create": "created key",
  "key.rotate": "rotated key",
  "key.revoke": "revoked key",
  "client_token.revoke": "revoked client token",
  "invitation.create": "invited",
  "invitation.redeem": "accepted the invitation of",
  "invitation.revoke": "revoked the invitation of",
  "member.add": "added member",
  "member.change_role": "changed the role of",
  "member.remove": "removed member",
  "provider.add": "added provider",
  "provider.change": "changed provider",
  "provider.claim": "took over the models of",
  "provider.remove": "removed provider",
  "route.add": "added route",
  "route.replace": "changed route",
  "route.remove": "removed route",
  "price.add": "added a price for",
  "price.replace": "replaced the price of",
  "price.remove": "removed the price of",
  "models.import": "imported",
  "models.import.remove": "removed the imported",
  "project.create": "created project",
  "project.change": "changed project",
  "session.create": "signed in",
  "session.end": "signed out",
  "user.create": "created user",
  "user.change_password": "changed their password",
  "user.reset_password": "reset the password of",
  "backup.start": "started a backup",
  "backup.finish": "finished a backup",
};

const SELF_ACTIONS = new Set(["session.create", "session.end", "user.change_password"]);

/** The text of an action, to follow the actor's name; an unknown action as its code. */
export function actionText(event: AuditEvent): string {
  return ACTION_TEXTS[event.action] ?? event.action;
}

/** The name of the item acted on, else its id; empty when actors change their own account. */
export function subjectName(event: AuditEvent): string {
  if (SELF_ACTIONS.has(event.action)) return "";
  const state = event.after ?? event.before ?? {};
  for (const field of ["name", "email", "model"]) {
    const value = state[field];
    if (typeof value === "string" && value) return value;
  }
  return event.subject;
}
