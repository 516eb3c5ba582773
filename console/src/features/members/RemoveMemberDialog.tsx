import { useRemoveMember, type Member } from "@/features/members/queries";
import { useProjectName, useSession } from "@/shared/session";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

export function RemoveMemberDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const project = useProjectName();
  const isMe = useSession().id === member.user_id;
  return (
    <ConfirmDialog
      title={isMe ? `Leave ${project}?` : `Remove ${member.email}?`}
      confirm={isMe ? "Leave project" : "Remove member"}
      mutation={useRemoveMember(onClose)}
      input={member.user_id}
      onClose={onClose}
    >
      {isMe ? "You lose" : "This user loses"} access to the project. Keys they created stay valid:
      revoke those that are no longer needed.
    </ConfirmDialog>
  );
}
