import { useRemoveMember, type Member } from "@/features/members/queries";
import { useProjectName, useSession } from "@/shared/session";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

export function RemoveMemberDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const remove = useRemoveMember();
  const project = useProjectName();
  const isMe = useSession().id === member.user_id;
  return (
    <ConfirmDialog
      title={isMe ? `Leave ${project}?` : `Remove ${member.email}?`}
      confirm={isMe ? "Leave project" : "Remove member"}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(member.user_id, { onSuccess: onClose })}
      onClose={onClose}
    >
      {isMe ? "You" : "They"} can no longer see anything of this project. Keys that were made stay
      valid; revoke those that should not.
    </ConfirmDialog>
  );
}
