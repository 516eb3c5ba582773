import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { Notification } from "@/features/notifications/queries";
import { useSession } from "@/shared/session";

interface SubjectLinkProps {
  notification: Notification;
  className: string;
  onOpen: () => void;
  children: ReactNode;
}

/** Leads to what a notification is about, in its project. */
export function SubjectLink({ notification, className, onOpen, children }: SubjectLinkProps) {
  const { kind, project_id: projectId, subject } = notification;
  const { label } = useSession();
  const rest = { className, onClick: onOpen, children };
  switch (subject.type) {
    case "prompt":
      return (
        <Link
          to="/projects/$projectId/prompts/$promptId"
          params={{ projectId, promptId: subject.id }}
          search={{ ...(subject.version && { version: subject.version }), tab: "comments" }}
          {...rest}
        />
      );
    case "release":
      return kind === "approval_request" ? (
        <Link to="/projects/$projectId/releases/_approvals" params={{ projectId }} {...rest} />
      ) : (
        <Link
          to="/projects/$projectId/releases/$release"
          params={{ projectId, release: subject.id }}
          {...rest}
        />
      );
    case "rollout": {
      const [useCase = "", environment = ""] = subject.id.split("/");
      return (
        <Link
          to="/projects/$projectId/rollouts/$useCase/$environment"
          params={{ projectId, useCase, environment }}
          {...rest}
        />
      );
    }
    case "feedback":
      return (
        <Link
          to="/projects/$projectId/feedback"
          params={{ projectId }}
          search={{ mine: label }}
          {...rest}
        />
      );
    case "queue":
      return (
        <Link
          to="/projects/$projectId/annotation/$name"
          params={{ projectId, name: subject.id }}
          {...rest}
        />
      );
    default:
      return (
        <Link
          to="/projects/$projectId/evaluations"
          params={{ projectId }}
          search={{ view: "gates" }}
          {...rest}
        />
      );
  }
}
