import {
  Activity,
  Boxes,
  BrainCircuit,
  FlaskConical,
  Gauge,
  KeyRound,
  LayoutDashboard,
  MessageSquareHeart,
  MessagesSquare,
  ScrollText,
  ShieldCheck,
  Split,
  SquarePlay,
  Users,
} from "lucide-react";

/** The pages of a project in the order of the navigation; `keys` is the shortcut. */
export const PAGES = [
  { to: "/projects/$projectId/overview", name: "Overview", icon: LayoutDashboard, keys: "g o" },
  { to: "/projects/$projectId/traces", name: "Traces", icon: Activity, keys: "g t" },
  { to: "/projects/$projectId/keys", name: "Keys", icon: KeyRound, keys: "g k" },
  { to: "/projects/$projectId/providers", name: "Providers", icon: Boxes, keys: "g p" },
  { to: "/projects/$projectId/models", name: "Models", icon: BrainCircuit, keys: "g l" },
  { to: "/projects/$projectId/prompts", name: "Prompts", icon: MessagesSquare, keys: "g i" },
  { to: "/projects/$projectId/playground", name: "Playground", icon: SquarePlay, keys: "g y" },
  { to: "/projects/$projectId/routes", name: "Routes", icon: Split, keys: "g r" },
  { to: "/projects/$projectId/limits", name: "Limits", icon: Gauge, keys: "g b" },
  {
    to: "/projects/$projectId/guardrails",
    name: "Guardrails",
    icon: ShieldCheck,
    keys: "g u",
  },
  { to: "/projects/$projectId/dry-run", name: "Dry run", icon: FlaskConical, keys: "g d" },
  {
    to: "/projects/$projectId/feedback",
    name: "Feedback",
    icon: MessageSquareHeart,
    keys: "g f",
  },
  { to: "/projects/$projectId/members", name: "Members", icon: Users, keys: "g m" },
  { to: "/projects/$projectId/audit", name: "Audit", icon: ScrollText, keys: "g a" },
] as const;
