import type { AuditEvent } from "@/features/audit/queries";

const WORDS: Record<string, string> = {
  "key.create": "created key",
  "key.rotate": "rotated key",
  "key.revoke": "revoked key",
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
  "price.add": "added a price for",
  "price.replace": "replaced the price of",
  "price.remove": "removed the price of",
  "project.create": "created project",
  "project.change": "changed project",
  "session.create": "signed in",
  "session.end": "signed out",
  "user.create": "created user",
  "user.change_password": "changed their password",
  "user.reset_password": "gave a new password to",
  "backup.start": "began a backup",
  "backup.finish": "finished a backup",
};

const ABOUT_ONESELF = new Set(["session.create", "session.end", "user.change_password"]);

/** What was done, as a sentence goes on after the actor; unknown actions by their code. */
export function deed(event: AuditEvent): string {
  return WORDS[event.action] ?? event.action;
}

/** To whom or what, by the name people know it by; empty where the actor is meant. */
export function subject(event: AuditEvent): string {
  if (ABOUT_ONESELF.has(event.action)) return "";
  const state = event.after ?? event.before ?? {};
  for (const field of ["name", "email", "model"]) {
    const value = state[field];
    if (typeof value === "string" && value) return value;
  }
  return event.subject;
}
