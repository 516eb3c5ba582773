import {
  Activity,
  Bell,
  Boxes,
  BrainCircuit,
  Database,
  FlaskConical,
  Gauge,
  Highlighter,
  KeyRound,
  Layers,
  LayoutDashboard,
  Lightbulb,
  MessageSquareHeart,
  MessagesSquare,
  Package,
  Radio,
  Scale,
  ScrollText,
  ShieldCheck,
  Split,
  SquarePlay,
  Users,
  Webhook,
} from "lucide-react";
import type { LucideIcon } from "lucide-react";

import type { Permission } from "@/shared/session";

interface Page {
  to: string;
  name: string;
  icon: LucideIcon;
  keys: string;
  permission: Permission;
  write?: Permission;
  gap?: true;
  unlisted?: true;
}

/** The pages of a project in the order of the navigation; `keys` is the shortcut. A page with `gap`
 * begins a group; one that is `unlisted` is reached otherwise. `permission` is needed to see a page and all pages below it, `write` for those
 * below it that add or edit something. */
export const PAGES = [
  {
    to: "/projects/$projectId/overview",
    name: "Overview",
    icon: LayoutDashboard,
    keys: "g o",
    permission: "traces:read",
  },
  {
    to: "/projects/$projectId/traces",
    name: "Traces",
    icon: Activity,
    keys: "g t",
    permission: "traces:read",
  },
  {
    to: "/projects/$projectId/batches",
    name: "Batches",
    icon: Layers,
    keys: "g q",
    permission: "traces:read",
  },
  {
    to: "/projects/$projectId/feedback",
    name: "Feedback",
    icon: MessageSquareHeart,
    keys: "g f",
    permission: "feedback:read",
  },
  {
    to: "/projects/$projectId/use-cases",
    name: "Use cases",
    icon: Lightbulb,
    keys: "g c",
    permission: "use_cases:read",
    write: "use_cases:write",
    gap: true,
  },
  {
    to: "/projects/$projectId/prompts",
    name: "Prompts",
    icon: MessagesSquare,
    keys: "g i",
    permission: "prompts:read",
    write: "prompts:write",
  },
  {
    to: "/projects/$projectId/releases",
    name: "Releases",
    icon: Package,
    keys: "g e",
    permission: "releases:read",
    write: "releases:write",
  },
  {
    to: "/projects/$projectId/rollouts",
    name: "Rollouts",
    icon: Radio,
    keys: "g s",
    permission: "releases:read",
  },
  {
    to: "/projects/$projectId/datasets",
    name: "Datasets",
    icon: Database,
    keys: "g n",
    permission: "datasets:read",
    write: "datasets:write",
  },
  {
    to: "/projects/$projectId/evaluations",
    name: "Evaluations",
    icon: Scale,
    keys: "g v",
    permission: "evaluations:read",
    write: "evaluations:run",
  },
  {
    to: "/projects/$projectId/annotation",
    name: "Annotation",
    icon: Highlighter,
    keys: "g h",
    permission: "annotations:read",
    write: "annotations:manage",
  },
  {
    to: "/projects/$projectId/playground",
    name: "Playground",
    icon: SquarePlay,
    keys: "g y",
    permission: "calls:send",
  },
  {
    to: "/projects/$projectId/providers",
    name: "Providers",
    icon: Boxes,
    keys: "g p",
    permission: "providers:read",
    gap: true,
  },
  {
    to: "/projects/$projectId/models",
    name: "Models",
    icon: BrainCircuit,
    keys: "g l",
    permission: "providers:read",
  },
  {
    to: "/projects/$projectId/routes",
    name: "Routes",
    icon: Split,
    keys: "g r",
    permission: "routes:read",
    write: "routes:write",
  },
  {
    to: "/projects/$projectId/limits",
    name: "Limits",
    icon: Gauge,
    keys: "g b",
    permission: "limits:read",
  },
  {
    to: "/projects/$projectId/guardrails",
    name: "Guardrails",
    icon: ShieldCheck,
    keys: "g u",
    permission: "guardrails:read",
    write: "guardrails:write",
  },
  {
    to: "/projects/$projectId/dry-run",
    name: "Dry run",
    icon: FlaskConical,
    keys: "g d",
    permission: "routes:read",
  },
  {
    to: "/projects/$projectId/keys",
    name: "Keys",
    icon: KeyRound,
    keys: "g k",
    permission: "keys:read",
    gap: true,
  },
  {
    to: "/projects/$projectId/webhooks",
    name: "Webhooks",
    icon: Webhook,
    keys: "g w",
    permission: "webhooks:read",
  },
  {
    to: "/projects/$projectId/members",
    name: "Members",
    icon: Users,
    keys: "g m",
    permission: "members:read",
  },
  {
    to: "/projects/$projectId/audit",
    name: "Audit",
    icon: ScrollText,
    keys: "g a",
    permission: "audit:read",
  },
  {
    to: "/projects/$projectId/notifications",
    name: "Notifications",
    icon: Bell,
    keys: "g z",
    permission: "project:read",
    unlisted: true,
  },
] as const satisfies readonly Page[];

/** Whether the navigation lists a page. */
export const isListed = (page: (typeof PAGES)[number]) => !("unlisted" in page);
